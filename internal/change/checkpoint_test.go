package change_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func keys(t *testing.T) (ed25519.PrivateKey, ed25519.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func TestACheckpointIsTakenOnlyAsItWasSigned(t *testing.T) {
	t.Parallel()
	private, public := keys(t)
	_, other := keys(t)
	at := time.Date(2026, 11, 29, 6, 0, 0, 123456789, time.FixedZone("", 3600))
	signed, err := change.Checkpoint{Environment: "prod", Entries: 7, Hash: strings.Repeat("a", 64), At: at}.Sign(private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(signed)
	if err != nil {
		t.Fatal(err)
	}
	read, err := change.ParseCheckpoint(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := read.Verify(public, "prod"); err != nil {
		t.Errorf("what was signed is refused: %v", err)
	}
	if read.Verify(other, "prod") == nil {
		t.Error("another's key passes")
	}
	if read.Verify(public, "test") == nil {
		t.Error("a checkpoint of another environment passes")
	}
	for name, edit := range map[string]func(*change.Checkpoint){
		"entries":      func(c *change.Checkpoint) { c.Entries-- },
		"hash":         func(c *change.Checkpoint) { c.Hash = strings.Repeat("b", 64) },
		"time":         func(c *change.Checkpoint) { c.At = c.At.Add(time.Second) },
		"environment":  func(c *change.Checkpoint) { c.Environment = "test" },
		"signature":    func(c *change.Checkpoint) { c.Signature = "AAAA" },
		"no signature": func(c *change.Checkpoint) { c.Signature = "" },
	} {
		edited := read
		edit(&edited)
		if edited.Verify(public, edited.Environment) == nil {
			t.Errorf("%s: an edited checkpoint passes", name)
		}
	}
	for _, text := range []string{"", "{}", "null", `{"entries":-1}`, `{"entries":1,"hash":"short"}`} {
		if _, err := change.ParseCheckpoint(text); err == nil {
			t.Errorf("%q passes for a checkpoint", text)
		}
	}
}

func TestSigningKeysAreReadAsOpenSSLWritesThem(t *testing.T) {
	t.Parallel()
	private, public := keys(t)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(der)
	for _, text := range []string{text, text + "\n", text[:20] + "\n" + text[20:]} {
		if got, err := change.ParseSigningKey(text); err != nil || !got.Equal(private) {
			t.Errorf("error %v", err)
		}
	}
	if _, err := change.ParseSigningKey(text[4:]); err == nil || strings.Contains(err.Error(), text[4:]) {
		t.Errorf("half a key: %v", err)
	}
	der, err = x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := change.ParsePublicKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})); err != nil || !got.Equal(public) {
		t.Errorf("error %v", err)
	}
	if _, err := change.ParsePublicKey([]byte(text)); err == nil {
		t.Error("a private key passes for a public one")
	}
}
