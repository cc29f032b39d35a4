package link

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// PastedKeys are the keys that people made themselves and handed in for a request, or that they are to be shown.
type PastedKeys interface {
	// Peek returns the key; ErrNoPastedKey if there is none (any more). It stays until Drop.
	Peek(ctx context.Context, request string) (secret.Secret, error)
	// Drop forgets the key, and forgives that it is gone.
	Drop(ctx context.Context, request string) error
	// Keep keeps a key that a person is to be shown, in place of any before it, for so long at most.
	Keep(ctx context.Context, request string, key secret.Secret, keep time.Duration) error
}

// ErrNoPastedKey says that nobody handed a key in, or that it was kept too long.
var ErrNoPastedKey = errors.New("no key was handed in, or it was kept for too long")

// InputKey is what a connect wants of people where the bot can't issue the key.
const InputKey = "the key"

// ByAPerson follows the name of a cluster on which people make the key.
const ByAPerson = " (made by a person there)"

const (
	traitKey   = "key"
	keyPasted  = "pasted"
	keyShown   = "shown" // to the person who puts it into the keystores
	maxEncoded = 1000    // characters; those of Elasticsearch have about 60
)

// WantsPasted reports whether a person has to make the key, because the bot can't on that cluster.
func (s PairState) WantsPasted() bool {
	return s.Pasting && (errors.Is(s.ReadError(PartRemoteCluster), elastic.ErrNoCredentials) || s.CantIssue != nil)
}

// Needs are the parts without which nothing can be said about a connect. Under the certificate model nothing is asked
// of the remote cluster itself.
func (s PairState) Needs(c ConnectParams) []Part {
	if s.WantsPasted() || c.ByCertificate() {
		return []Part{PartLocalCluster, PartSettings, PartKeystore}
	}
	return needed
}

// CheckEncodedKey says what is wrong with the encoded form of an API key, in words for whoever pasted it, which never
// hold the key. Whether it is a cross-cluster key can't be seen from it.
func CheckEncodedKey(text string) (id string, err error) {
	switch {
	case text == "":
		return "", errors.New("paste the value of encoded")
	case strings.ContainsAny(text, "{}\""):
		return "", errors.New("paste only the value of encoded, without quotes and without the rest of the answer")
	case strings.ContainsAny(text, " \t\r\n") || len(text) > maxEncoded:
		return "", errors.New("this is not one key: paste only the value of encoded")
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("this is not base64: paste the value of encoded, not id or api_key")
	}
	id, value, ok := strings.Cut(string(raw), ":")
	if !ok || id == "" || value == "" || strings.ContainsFunc(string(raw), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("this is base64, but not of id:api_key: paste the value of encoded")
	}
	return id, nil
}
