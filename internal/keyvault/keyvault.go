// Package keyvault keeps a key that a person pasted until the step that stores it has run: encrypted, bound to one
// request, for an hour at most. It knows neither who pasted it nor what it opens.
package keyvault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// SealedStore is where sealed texts lie; *store.Store is one. It forgets them by itself.
type SealedStore interface {
	PutSealed(ctx context.Context, request, sealed string, keep time.Duration) error
	Sealed(ctx context.Context, request string) (sealed string, ok bool, err error)
	DeleteSealed(ctx context.Context, request string) error
}

// Vault seals keys, and opens them again.
type Vault struct {
	store SealedStore
	keys  []sealer // the first seals, all open
}

// sealer is AES-256-GCM under a key that is derived from the operator's secret. Its id says which secret it was, without
// saying anything of it.
type sealer struct {
	id   string
	aead cipher.AEAD
}

const (
	format    = "v1"
	keyBytes  = 32
	purpose   = "remote-cluster-bot pasted key encryption v1"
	idPurpose = "remote-cluster-bot pasted key id v1"
)

// New returns an keyvault over shelf. current seals; previous, which may be empty, still opens.
func New(shelf SealedStore, current, previous secret.Secret) (*Vault, error) {
	e := &Vault{store: shelf}
	for _, s := range []secret.Secret{current, previous} {
		if s.Empty() {
			continue
		}
		k, err := newSealer(s)
		if err != nil {
			return nil, err
		}
		e.keys = append(e.keys, k)
	}
	if len(e.keys) == 0 {
		return nil, errors.New("keyvault: no key to encrypt with")
	}
	return e, nil
}

func newSealer(s secret.Secret) (sealer, error) {
	key, err := hkdf.Key(sha256.New, []byte(s.Reveal()), nil, purpose, keyBytes)
	if err != nil {
		return sealer{}, fmt.Errorf("deriving a key: %w", err)
	}
	id, err := hkdf.Key(sha256.New, []byte(s.Reveal()), nil, idPurpose, 4)
	if err != nil {
		return sealer{}, fmt.Errorf("deriving a key's id: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("keyvault: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, fmt.Errorf("keyvault: %w", err)
	}
	return sealer{id: hex.EncodeToString(id), aead: aead}, nil
}

// Put keeps a key that was handed in for a request, in place of any before it.
func (v *Vault) Put(ctx context.Context, request string, key secret.Secret) error {
	return v.Keep(ctx, request, key, change.InputTTL)
}

// Keep implements link.PastedKeys.
func (v *Vault) Keep(ctx context.Context, request string, key secret.Secret, keep time.Duration) error {
	k := v.keys[0]
	sealed := k.aead.Seal(nil, nil, []byte(key.Reveal()), []byte(request)) //nolint:gosec // this AEAD draws its nonces itself
	text := strings.Join([]string{format, k.id, base64.StdEncoding.EncodeToString(sealed)}, ":")
	return v.store.PutSealed(ctx, request, text, keep)
}

// Peek implements link.PastedKeys.
func (v *Vault) Peek(ctx context.Context, request string) (secret.Secret, error) {
	text, ok, err := v.store.Sealed(ctx, request)
	if err != nil {
		return secret.Secret{}, err
	}
	if !ok {
		return secret.Secret{}, link.ErrNoPastedKey
	}
	parts := strings.Split(text, ":")
	if len(parts) != 3 || parts[0] != format {
		return secret.Secret{}, errors.New("a pasted key: its form is not known")
	}
	sealed, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return secret.Secret{}, fmt.Errorf("a pasted key: %w", err)
	}
	for _, k := range v.keys {
		if k.id != parts[1] {
			continue
		}
		plain, err := k.aead.Open(nil, nil, sealed, []byte(request))
		if err != nil {
			return secret.Secret{}, errors.New("a pasted key can't be opened: it was changed, or belongs to another request")
		}
		return secret.New(string(plain)), nil
	}
	return secret.Secret{}, fmt.Errorf("a pasted key was encrypted with key %s, which is not configured", parts[1])
}

// Drop implements link.PastedKeys.
func (v *Vault) Drop(ctx context.Context, request string) error {
	return v.store.DeleteSealed(ctx, request)
}
