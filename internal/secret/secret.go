// Package secret holds values that must never be printed: tokens, passwords, API keys.
// It knows nothing of what they open.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Dots stand wherever a secret would otherwise be printed.
const Dots = "••••"

// Secret is a string that never prints, marshals or logs itself. The zero value is empty.
//
// The value hides behind a closure: fmt reaches into unexported fields by reflection without asking
// Format, and would find only the address of a function there.
type Secret struct {
	reveal func() string
}

// New wraps value.
func New(value string) Secret {
	return Secret{reveal: func() string { return value }}
}

// Func wraps a value that may change: read is asked at every Reveal. It must be safe for concurrent use.
func Func(read func() string) Secret { return Secret{reveal: read} }

// Reveal returns the value itself. Call it only where the value leaves for the system that it opens.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Equal compares in constant time.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns dots.
func (s Secret) String() string { return Dots }

// GoString returns dots, for %#v.
func (s Secret) GoString() string { return Dots }

// Format writes dots for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Dots) }

// MarshalText writes dots; encoding/json uses it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Dots), nil }

// LogValue writes dots.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Dots) }
