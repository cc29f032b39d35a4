package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// AuditTrim says which entries of the audit may go, and what has to be done before they do.
type AuditTrim struct {
	Before time.Time // by Redis's clock
	// UpTo is the id of an entry that stays, and all after it: those before have been copied elsewhere. Empty: all may go.
	UpTo string
	// Sign makes a checkpoint that stands for the first so many entries, of which the last has that hash.
	Sign func(entries int64, hash string) (change.Checkpoint, error)
	// Export keeps the lines elsewhere. They are let go once it has returned nil, and come again if the bot dies before that.
	Export func([]change.AuditLine) error
}

const trimAudit = 500

// TrimAudit lets entries go, a batch at a time, and returns how many. The newest entry always stays.
func (s audit) TrimAudit(ctx context.Context, t AuditTrim) (int, error) {
	gone := 0
	for {
		n, err := s.trimAudit(ctx, t)
		gone += n
		if err != nil || n == 0 {
			return gone, err
		}
	}
}

func (s audit) trimAudit(ctx context.Context, t AuditTrim) (int, error) {
	const doing = "letting audit entries go"
	begins, err := s.auditBegins(ctx)
	if err != nil {
		return 0, err
	}
	var v change.Verifier // a chain that does not hold is evidence: it stays as it is
	if begins != "" {
		c, err := change.ParseCheckpoint(begins)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", doing, err)
		}
		v.Begin(c)
	}
	page, err := s.Audit(ctx, "", trimAudit+1)
	if err != nil {
		return 0, err
	}
	n := 0
	for n < len(page)-1 && (t.UpTo == "" || earlier(page[n].ID, t.UpTo)) && WrittenAt(page[n]).Before(t.Before) {
		if !v.Add(page[n]) {
			return 0, fmt.Errorf("%s: the audit does not hold: see audit verify", doing)
		}
		n++
	}
	if n == 0 {
		return 0, nil
	}
	if err := t.Export(page[:n]); err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	c, err := t.Sign(v.Held())
	if err != nil {
		return 0, err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	_, err = s.eval(ctx, doing, auditTrimScript, []string{s.keys.audit(), s.keys.begins()}, begins, string(text), page[n].ID)
	if err != nil {
		return 0, err
	}
	return n, nil
}

// auditBegins returns the checkpoint that stands for entries that were let go; empty: none were.
func (s audit) auditBegins(ctx context.Context) (string, error) {
	text, err := s.rdb.Get(ctx, s.keys.begins()).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return text, fault("reading where the audit begins", err)
}

// earlier compares ids of a stream: milliseconds, a dash, and a number among those of the same millisecond.
func earlier(a, b string) bool {
	am, an := idParts(a)
	bm, bn := idParts(b)
	return am < bm || am == bm && an < bn
}

func idParts(id string) (ms, n int64) {
	m, s, _ := strings.Cut(id, "-")
	ms, _ = strconv.ParseInt(m, 10, 64)
	n, _ = strconv.ParseInt(s, 10, 64)
	return ms, n
}

// WrittenAt is when Redis took the line: its ID begins with that, in milliseconds, whatever was done to the line since.
func WrittenAt(l change.AuditLine) time.Time {
	ms, _ := idParts(l.ID)
	if ms == 0 {
		return l.Entry.At
	}
	return time.UnixMilli(ms)
}
