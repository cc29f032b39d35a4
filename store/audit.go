package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// audit is the chain of entries, read, copied, checked and shortened.
type audit struct{ *db }

// Audit returns at most limit lines after the one whose ID is from (empty: from the beginning), oldest first.
// The last one's ID is where the next page goes on.
func (s audit) Audit(ctx context.Context, from string, limit int) ([]change.AuditLine, error) {
	start := "-"
	if from != "" {
		start = "(" + from
	}
	entries, err := s.rdb.XRangeN(ctx, s.keys.audit(), start, "+", int64(limit)).Result()
	if err != nil {
		return nil, fault("reading the audit", err)
	}
	lines := make([]change.AuditLine, len(entries))
	for i, e := range entries {
		lines[i] = auditLine(e)
	}
	return lines, nil
}

func auditLine(m redis.XMessage) change.AuditLine {
	l := change.AuditLine{ID: m.ID}
	l.Text, _ = m.Values["entry"].(string)
	l.Hash, _ = m.Values["hash"].(string)
	// A line that was tampered with may be no JSON any more; its text and hash tell.
	_ = json.Unmarshal([]byte(l.Text), &l.Entry)
	return l
}

// LastAudit returns when the newest line about a request was written; zero: there is none. What is written without one,
// at a start or a reload, says nothing of how old the database is.
func (s audit) LastAudit(ctx context.Context) (time.Time, error) {
	const looked = 50
	entries, err := s.rdb.XRevRangeN(ctx, s.keys.audit(), "+", "-", looked).Result()
	if err != nil {
		return time.Time{}, fault("reading the end of the audit", err)
	}
	for _, e := range entries {
		line := auditLine(e)
		if line.Entry.What != whatPolicy {
			return WrittenAt(line), nil
		}
	}
	return time.Time{}, nil
}

// HasAudit says whether the line with that ID is there.
func (s audit) HasAudit(ctx context.Context, id string) (bool, error) {
	entries, err := s.rdb.XRangeN(ctx, s.keys.audit(), id, id, 1).Result()
	return len(entries) == 1, fault("looking for an audit entry", err)
}

// maxAgree bounds how many entries of the end of the audit AuditAgrees reads.
const maxAgree = 2000

// AuditAgrees says whether the entry up to which there were so many has that hash; false only where another one does. It
// looks at the end alone, and agrees where that does not reach back so far: VerifyAuditAgainst compares all.
func (s audit) AuditAgrees(ctx context.Context, entries int64, hash string) (bool, error) {
	const doing = "comparing the end of the audit"
	count, _, err := s.AuditHead(ctx)
	if err != nil {
		return false, err
	}
	const meanwhile = 100 // that may be written before the end is read
	n := count - entries + 1 + meanwhile
	if n > maxAgree {
		return true, nil
	}
	end, err := s.rdb.XRevRangeN(ctx, s.keys.audit(), "+", "-", n).Result()
	if err != nil {
		return false, fault(doing, err)
	}
	reaches := int64(len(end)) > count-entries
	return !reaches || slices.ContainsFunc(end, func(e redis.XMessage) bool { return e.Values["hash"] == hash }), nil
}

// Shipped returns where copying the audit elsewhere has got to: the ID of a line, empty at the beginning.
func (s audit) Shipped(ctx context.Context) (string, error) {
	id, err := s.rdb.Get(ctx, s.keys.shipped()).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return id, fault("reading how far the audit was shipped", err)
}

// NoteShipped notes that every line up to the one with that ID has been copied. Of two replicas that copy at once the
// slower may set it back: then some lines are copied again, which does no harm.
func (s audit) NoteShipped(ctx context.Context, id string) error {
	return fault("noting how far the audit was shipped", s.rdb.Set(ctx, s.keys.shipped(), id, 0).Err())
}

const verifyPage = 500

// VerifyAudit computes the chain of hashes again over the whole audit and compares it with what is stored,
// also with the head and count that are kept beside it. The bot may go on writing meanwhile.
func (s audit) VerifyAudit(ctx context.Context) (change.AuditReport, error) {
	return s.VerifyAuditAgainst(ctx)
}

// VerifyAuditAgainst does the same, and compares it with what others know of it, too.
func (s audit) VerifyAuditAgainst(ctx context.Context, known ...change.Known) (change.AuditReport, error) {
	for {
		begins, err := s.auditBegins(ctx)
		if err != nil {
			return change.AuditReport{}, err
		}
		report, err := s.verifyFrom(ctx, begins, known)
		if err != nil || report.Bad == nil {
			return report, err
		}
		if now, err := s.auditBegins(ctx); err != nil || now == begins {
			return report, err
		} // entries were let go meanwhile
	}
}

func (s audit) verifyFrom(ctx context.Context, begins string, known []change.Known) (change.AuditReport, error) {
	var v change.Verifier
	if begins != "" {
		c, err := change.ParseCheckpoint(begins)
		if err != nil {
			return change.AuditReport{Bad: &change.BadLine{Position: 1, Why: "what stands for older entries can't be read"}}, nil //nolint:nilerr // it is what is wrong with the audit
		}
		v.Begin(c)
	}
	count, head, err := s.AuditHead(ctx)
	if err != nil {
		return change.AuditReport{}, err
	}
	v.Expect(change.Known{By: "the store", Entries: count, Hash: head})
	for _, k := range known {
		v.Expect(k)
	}
	for from, whole := "", true; whole; {
		page, err := s.Audit(ctx, from, verifyPage)
		if err != nil {
			return change.AuditReport{}, err
		}
		if len(page) == 0 {
			break
		}
		for _, line := range page {
			from, whole = line.ID, v.Add(line)
			if !whole {
				break
			}
		}
	}
	if count, _, err = s.AuditHead(ctx); err != nil {
		return change.AuditReport{}, err
	}
	return v.Report(count), nil
}

// AuditHead returns how many entries the audit has had, and the hash of the last.
func (s audit) AuditHead(ctx context.Context) (count int64, head string, err error) {
	const doing = "reading the head of the audit"
	got, err := s.rdb.HGetAll(ctx, s.keys.head()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, "", fault(doing, err)
	}
	if len(got) == 0 {
		return 0, "", nil
	}
	count, err = strconv.ParseInt(got["count"], 10, 64)
	if err != nil {
		return 0, "", fmt.Errorf("%s: %w", doing, err)
	}
	return count, got["hash"], nil
}
