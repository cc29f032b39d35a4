package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Audit returns at most limit lines after the one whose ID is from (empty: from the beginning), oldest first.
// The last one's ID is where the next page goes on.
func (s *Store) Audit(ctx context.Context, from string, limit int) ([]change.AuditLine, error) {
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
		lines[i].ID = e.ID
		lines[i].Text, _ = e.Values["entry"].(string)
		lines[i].Hash, _ = e.Values["hash"].(string)
		// A line that was tampered with may be no JSON any more; its text and hash tell.
		_ = json.Unmarshal([]byte(lines[i].Text), &lines[i].Entry)
	}
	return lines, nil
}

// HasAudit says whether the line with that ID is there.
func (s *Store) HasAudit(ctx context.Context, id string) (bool, error) {
	entries, err := s.rdb.XRangeN(ctx, s.keys.audit(), id, id, 1).Result()
	return len(entries) == 1, fault("looking for an audit entry", err)
}

// Shipped returns where copying the audit elsewhere has got to: the ID of a line, empty at the beginning.
func (s *Store) Shipped(ctx context.Context) (string, error) {
	id, err := s.rdb.Get(ctx, s.keys.shipped()).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return id, fault("reading how far the audit was shipped", err)
}

// NoteShipped notes that every line up to the one with that ID has been copied. Of two replicas that copy at once the
// slower may set it back: then some lines are copied again, which does no harm.
func (s *Store) NoteShipped(ctx context.Context, id string) error {
	return fault("noting how far the audit was shipped", s.rdb.Set(ctx, s.keys.shipped(), id, 0).Err())
}

const verifyPage = 500

// VerifyAudit computes the chain of hashes again over the whole audit and compares it with what is stored,
// also with the head and count that are kept beside it. The bot may go on writing meanwhile.
func (s *Store) VerifyAudit(ctx context.Context) (change.AuditReport, error) {
	var v change.Verifier
	count, head, err := s.auditHead(ctx)
	if err != nil {
		return change.AuditReport{}, err
	}
	v.Expect(count, head)
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
	if count, _, err = s.auditHead(ctx); err != nil {
		return change.AuditReport{}, err
	}
	return v.Report(count), nil
}

func (s *Store) auditHead(ctx context.Context) (count int64, head string, err error) {
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
