package link

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Longest parts of a key's name, in bytes. The request's id stands whole at its end, so the name stays unique.
const (
	maxKeyNameEnv        = 32
	maxKeyNameDeployment = 40
	maxKeyNameAlias      = 64
)

// KeyManager stands in the metadata of keys that the bot issued.
const KeyManager = "remote-cluster-bot"

const day = 24 * time.Hour

// KeySpec is the key that a request asks for. Its name says who needs it for what, so that an orphan can be found by
// name; its metadata let a later look tell whether it still grants what was asked for.
func KeySpec(c ConnectParams, env, request string) elastic.KeySpec {
	return elastic.KeySpec{
		Name: fmt.Sprintf("rcb-%s-%s-%s-%s",
			Shorten(env, maxKeyNameEnv), Shorten(c.Local.Deployment, maxKeyNameDeployment), Shorten(c.Alias, maxKeyNameAlias), request),
		Access:     c.Access,
		Expiration: time.Duration(c.ExpiryDays) * day,
		Metadata: map[string]string{
			"managed_by":  KeyManager,
			"env":         env,
			"request":     request,
			"local":       c.Local.String(),
			"alias":       c.Alias,
			"access_hash": c.Access.Hash(),
		},
		Identity: c.IdentityPattern(),
	}
}

// Shorten cuts s to at most that many bytes.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most]
}

// LabelLimits is the label under which people read them.
const LabelLimits = "Key's limits"

// KeepLimits puts a under the limits of the key in use. Where somebody took these away, it is those that were approved:
// a change of a connection never lets more be read than was asked for.
func KeepLimits(e ConnectionState, a elastic.Access, wrong *change.InvalidError, field string) elastic.Access {
	var had []elastic.Access
	for _, k := range e.Keys {
		if string(k.Access.Entries) != string(e.Keys[0].Access.Entries) {
			wrong.Add(field, "%s has %d valid keys with different limits, and no API shows which one is in use. Invalidate the others first", e.Alias, len(e.Keys))
			return a
		}
		had = append(had, k.Access)
	}
	if e.Managed != nil {
		had = append(had, e.Managed.Access)
	}
	a.Entries = nil
	for _, was := range had {
		if len(was.Entries) == 0 {
			continue
		}
		kept, err := a.Keeping(was)
		if err != nil {
			wrong.Add(field, "%s: %s. Change the key by hand, or disconnect and connect again", e.Alias, err)
		}
		return kept
	}
	return a
}

// LimitsUnknown reports whether the key in use is known to nobody: it may be limited to documents or fields.
func LimitsUnknown(e ConnectionState) bool {
	return e.Managed != nil && e.Managed.KeyName == "" && e.HasKey && !e.ByCertificate()
}

// WarnUnknownLimits warns of a key that takes the place of one whose limits nobody knows.
func WarnUnknownLimits(w *WarningList, e ConnectionState) {
	if LimitsUnknown(e) {
		w.Add("The bot doesn't know the key in use. It may be limited to some documents or fields; the new one is not.")
	}
}

// RequireKeys refuses where the key in use is known by name and could not be read: its limits are not known then.
func RequireKeys(e ConnectionState) error {
	if e.KeysUnread == nil {
		return nil
	}
	return WrapCall("reading the key of "+e.Alias+" on "+e.Remote.Name, e.KeysUnread)
}

// Limits says in words what a key's entries say beside index names; empty: nothing.
func Limits(a elastic.Access) string {
	var all []string
	for _, e := range a.Limited() {
		words := limitsOf(e.More)
		if len(e.Names) > 0 {
			words = strings.Join(e.Names, ", ") + ": " + words
		}
		all = append(all, words)
	}
	return strings.Join(all, "; ")
}

func limitsOf(more map[string]json.RawMessage) string {
	var words, others []string
	for field, v := range more {
		switch field {
		case "query":
			words = append(words, "documents limited by a query "+textOf(v))
		case "field_security":
			words = append(words, "fields limited to "+textOf(v))
		case "allow_restricted_indices":
			words = append(words, "restricted indices included")
		default:
			others = append(others, field)
		}
	}
	slices.Sort(words)
	if len(others) > 0 {
		slices.Sort(others)
		words = append(words, fmt.Sprintf("and limits unknown to the bot: %s", strings.Join(others, ", ")))
	}
	return strings.Join(words, "; ")
}

// textOf is a text as it reads, and everything else as JSON.
func textOf(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

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
var ErrNoPastedKey = errors.New("no key was provided, or it has expired")

// InputKey is what a connect needs of people where the bot can't issue the key.
const InputKey = "the key"

// ByAPerson follows the name of a cluster on which people make the key.
const ByAPerson = " (created by a person there)"

const (
	traitKey   = "key"
	keyPasted  = "pasted"
	keyShown   = "shown" // to the person who puts it into the keystores
	maxEncoded = 1000    // characters; those of Elasticsearch have about 60
)

// Needs are the parts without which nothing can be said about a connect. Under the certificate model nothing is asked
// of the remote cluster itself.
func Needs(s PairState, c ConnectParams) []Part {
	if s.WantsPasted() || c.ByCertificate() {
		return []Part{PartLocalCluster, PartSettings, PartKeystore}
	}
	return needed
}

// CheckEncodedKey says what is wrong with the encoded form of an API key, in words for the person who pasted it, which never
// hold the key. Whether it is a cross-cluster key can't be seen from it.
func CheckEncodedKey(text string) (id string, err error) {
	switch {
	case text == "":
		return "", errors.New("paste the value of encoded")
	case strings.ContainsAny(text, "{}\""):
		return "", errors.New("paste only the value of encoded, without quotes and without the rest of the response")
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
