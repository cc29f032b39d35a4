package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// redisSection is the example configuration with another redis section.
func redisSection(section string) []byte {
	return []byte(strings.Replace(string(config.Example), `  addresses: ["127.0.0.1:6379"]`, section, 1))
}

// testSource has every variable: its name in small letters, and "-secret".
var testSource = config.Source{
	ReadFile: os.ReadFile,
	LookupEnv: func(name string) (string, bool) {
		return strings.ToLower(name) + "-secret", !strings.HasPrefix(name, "OTEL_") && (!strings.HasPrefix(name, "RCB_") || strings.HasSuffix(name, "_KEY"))
	},
}

// configured dials as the example configuration with another redis section does.
func configured(t *testing.T, section string) redis.UniversalClient {
	t.Helper()
	c, err := config.Parse("example.yaml", redisSection(section), testSource)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dialRedis(c.Redis)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// acl is the bot's user as doctor --acl prints it.
var acl = append([]string{"--user", "default", "off", "--user", "bot", "on", ">redis_password-secret"}, store.ACLRules("test")...)

func TestRedisOverTLSWithAnACLUser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate(t, dir)
	port := freeTCPPort(t)
	storetest.Real(t, append([]string{
		"--tls-port", port, "--tls-auth-clients", "no", "--tls-ca-cert-file", filepath.Join(dir, "ca.pem"),
		"--tls-cert-file", filepath.Join(dir, "ca.pem"), "--tls-key-file", filepath.Join(dir, "key.pem"),
	}, acl...)...)
	section := fmt.Sprintf("  addresses: [\"127.0.0.1:%s\"]\n  username: bot\n  password: { env: REDIS_PASSWORD }\n", port)
	tls := section + fmt.Sprintf("  tls: { ca_file: %q }\n", filepath.Join(dir, "ca.pem"))

	s := store.New(configured(t, tls), store.Options{Env: "test"})
	live(t, s)
	for _, f := range s.CheckServer(t.Context(), time.Now()) {
		if f.Level == store.Unknown || f.Level == store.Bad {
			t.Errorf("%s: %s", f.Check, f.Say)
		}
	}
	stranger := store.New(configured(t, tls), store.Options{Env: "other"})
	if _, err := stranger.Get(t.Context(), "a"); err == nil || errors.Is(err, change.ErrNotFound) {
		t.Errorf("the user reaches the keys of another environment: %v", err)
	}
	untrusted := store.New(configured(t, section+"  tls: { }\n"), store.Options{Env: "test"})
	if err := untrusted.Ping(t.Context()); err == nil {
		t.Error("a certificate of an unknown authority was accepted")
	}
}

// live takes a request from its creation to its end.
func live(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	if _, err := s.Create(ctx, changetest.Pending("a", time.Now()), "view", change.Entry{}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Get(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Transition(ctx, change.Transition{ID: "a", Version: r.Version, Event: change.Approve, From: change.Pending, To: change.Approved}); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	c, err := s.Claim(ctx, "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Extend(ctx, c.Claim, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(ctx, c.Claim, change.StepRecord{Step: "one", State: change.StepDone}, change.Entry{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(ctx, c.Claim, change.Transition{ID: "a", Event: change.Succeed, From: change.Applying, To: change.Applied}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.ClaimNotification(ctx, "a", "me", time.Minute); !ok || err != nil {
		t.Fatalf("telling: %v %v", ok, err)
	}
	if err := s.Announced(ctx, "a", 5, "me"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recent(ctx, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Trim(ctx); err != nil {
		t.Fatal(err)
	}
	if report, err := s.VerifyAudit(ctx); err != nil || report.Bad != nil || report.Entries != 5 {
		t.Fatalf("audit %+v, %v", report, err)
	}
}

func freeTCPPort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	return port
}

// certificate writes one that signs itself, for 127.0.0.1: ca.pem and key.pem.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
