package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Hash names the rules: the SHA-256 of what is configured, as JSON, in which names are sorted.
func (r Rules) Hash() string {
	text, _ := json.Marshal(r) // plain data, which never fails
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// MarshalText writes the window as people read it: a time zone has no other text.
func (w Window) MarshalText() ([]byte, error) { return []byte(w.String()), nil }
