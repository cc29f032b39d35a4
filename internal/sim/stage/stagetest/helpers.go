package stagetest

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
)

// Log is a log that several parts write to.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write adds to it.
func (b *Log) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is all that was written.
func (b *Log) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// IssuedKeys are the secrets of all cross-cluster keys that were issued: they pass through the bot.
type IssuedKeys struct {
	mu  sync.Mutex
	all []string
}

// See looks for a key in an answer.
func (k *IssuedKeys) See(x fault.Exchange) {
	var answer struct {
		Secret  string `json:"api_key"`
		Encoded string `json:"encoded"`
	}
	if json.Unmarshal(x.Answer, &answer) != nil || answer.Encoded == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, answer.Secret, answer.Encoded)
}

// List are all that were seen, each as its secret and as its encoded form.
func (k *IssuedKeys) List() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.all)
}

// Until waits until something is done, no longer than limit.
func Until(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not happen within %v that %s", limit, what)
		}
	}
}
