package change

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Checkpoint says what the audit was at a time: how many entries it had from its very beginning, and the hash of the last.
// Kept where anyone who writes the store can't write, it finds an end that was cut off and an audit that was written anew.
type Checkpoint struct {
	Environment string    `json:"environment"`
	Entries     int64     `json:"entries"`
	Hash        string    `json:"hash"`
	At          time.Time `json:"at"`
	Signature   string    `json:"signature,omitempty"` // Ed25519 over the object without it, in base64
}

// signed is the text that is signed.
func (c Checkpoint) signed() ([]byte, error) {
	c.Signature, c.At = "", c.At.UTC().Truncate(time.Second)
	return json.Marshal(c)
}

// Sign returns the checkpoint with a signature.
func (c Checkpoint) Sign(key ed25519.PrivateKey) (Checkpoint, error) {
	c.At = c.At.UTC().Truncate(time.Second)
	text, err := c.signed()
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, text))
	return c, nil
}

// Verify says what is wrong with a checkpoint of an environment.
func (c Checkpoint) Verify(key ed25519.PublicKey, environment string) error {
	text, err := c.signed()
	if err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(c.Signature)
	switch {
	case err != nil || !ed25519.Verify(key, text, signature):
		return fmt.Errorf("the signature of the checkpoint at %d entries does not fit it, or is by another key", c.Entries)
	case c.Environment != environment:
		return fmt.Errorf("the checkpoint at %d entries is of the environment %q, not of %q", c.Entries, c.Environment, environment)
	}
	return nil
}

// ParseCheckpoint reads one, without looking at its signature.
func ParseCheckpoint(text string) (Checkpoint, error) {
	var c Checkpoint
	if err := json.Unmarshal([]byte(text), &c); err != nil || c.Entries < 1 || len(c.Hash) != len(GenesisHash) {
		return Checkpoint{}, errors.Join(errors.New("this is no checkpoint of an audit"), err)
	}
	return c, nil
}

// ParseSigningKey reads an Ed25519 key as "openssl genpkey -algorithm ed25519 -outform DER | base64" writes it.
func ParseSigningKey(text string) (ed25519.PrivateKey, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err == nil {
		if key, err := x509.ParsePKCS8PrivateKey(raw); err == nil {
			if ed, ok := key.(ed25519.PrivateKey); ok {
				return ed, nil
			}
		}
	}
	return nil, errors.New("must be an Ed25519 key in base64: openssl genpkey -algorithm ed25519 -outform DER | base64 -w0") // never the key
}

// ParsePublicKey reads the public half of such a key as "openssl pkey -pubout" writes it.
func ParsePublicKey(text []byte) (ed25519.PublicKey, error) {
	if block, _ := pem.Decode(text); block != nil {
		if key, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			if ed, ok := key.(ed25519.PublicKey); ok {
				return ed, nil
			}
		}
	}
	return nil, errors.New("this is no public Ed25519 key in PEM")
}
