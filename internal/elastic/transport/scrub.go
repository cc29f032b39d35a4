package transport

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// How much of a server's words is kept, in characters.
const (
	maxReason = 300  // in an error, which people read
	maxWords  = 4000 // where a diagnosis looks for telling parts: Elasticsearch nests its reasons deeply
)

// Scrubber takes secrets, control characters and excess length out of a text that a server wrote. It is a function
// so that printing it prints nothing of what it knows. A nil Scrubber knows no secret.
type Scrubber func(string) string

// NewScrubber knows the given secrets in every form that a server might echo: as they are, escaped for JSON or a
// URL, in base64, and, for an encoded API key, the key within.
//
// A secret may change while it is held: what it was and what it is are both taken out.
func NewScrubber(secrets ...secret.Secret) Scrubber {
	k := &known{secrets: secrets}
	return k.replace
}

// known is what a scrubber has seen its secrets to be.
type known struct {
	secrets  []secret.Secret
	mu       sync.Mutex
	values   []string // every value so far
	replacer *strings.Replacer
}

func (k *known) replace(text string) string {
	k.mu.Lock()
	for _, s := range k.secrets {
		if v := s.Reveal(); !slices.Contains(k.values, v) {
			k.values, k.replacer = append(k.values, v), nil
		}
	}
	if k.replacer == nil {
		k.replacer = replacerOf(k.values)
	}
	r := k.replacer
	k.mu.Unlock()
	return r.Replace(text)
}

func replacerOf(values []string) *strings.Replacer {
	var forms []string
	for _, v := range values {
		forms = append(forms, formsOf(v)...)
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // a whole before its parts
	var pairs []string
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, secret.Dots)
	}
	return strings.NewReplacer(pairs...)
}

// With returns a scrubber that knows more secrets.
func (s Scrubber) With(secrets ...secret.Secret) Scrubber {
	more := NewScrubber(secrets...)
	if s == nil {
		return more
	}
	return func(text string) string { return more(s(text)) }
}

// Text returns what may be shown of text in an error.
func (s Scrubber) Text(text string) string { return s.clean(text, maxReason) }

// Words returns what may be kept of text for a diagnosis.
func (s Scrubber) Words(text string) string { return s.clean(text, maxWords) }

func (s Scrubber) clean(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Cf, r): // invisible ones could hide a secret from the replacer
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, text)
	if s != nil {
		text = s(text)
	}
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}

func formsOf(value string) []string {
	if value == "" {
		return nil
	}
	forms := []string{
		value,
		url.QueryEscape(value),
		url.PathEscape(value),
		base64.StdEncoding.EncodeToString([]byte(value)),
		base64.URLEncoding.EncodeToString([]byte(value)),
	}
	quoted := []string{strconv.Quote(value)}
	if asJSON, err := json.Marshal(value); err == nil { // it escapes <, > and & as well
		quoted = append(quoted, string(asJSON))
	}
	for _, q := range quoted {
		forms = append(forms, q[1:len(q)-1])
	}
	// An encoded API key is the base64 form of id:key.
	if raw, err := base64.StdEncoding.DecodeString(value); err == nil && utf8.Valid(raw) {
		if _, key, ok := strings.Cut(string(raw), ":"); ok && key != "" {
			forms = append(forms, string(raw), key)
		}
	}
	return forms
}
