package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// What the audit calls it.
const (
	whatAside   = "put_aside"
	whatRequeue = "aside_requeue"
	whatResolve = "aside_resolve"
)

// asides are the requests that were put aside because they can't be read.
type asides struct {
	*chain
	tell func(ctx context.Context, id string, why error)
}

// putAside takes a request that can't be read out of every index, so that it stops nobody, and tells those whom the store
// was given to be told. It does what it can: the one who met the request goes on without it either way.
func (s asides) putAside(ctx context.Context, id, target string, why error) {
	at, err := s.Now(ctx)
	if err != nil {
		return
	}
	a, err := s.run(ctx, transition{
		doing: "putting request " + id + " aside", script: asideScript, id: id,
		entry: change.Entry{At: at, What: whatAside, Target: target, Detail: "its record can't be read"},
		keys:  []string{s.keys.pending(), s.keys.ready(), s.keys.leases(), s.keys.aside(), s.keys.waiting()},
	})
	if err == nil && a.word == "ok" {
		s.tell(ctx, id, why)
	}
}

// Aside names a request that was put aside.
type Aside struct {
	ID    string    `json:"id"`
	Since time.Time `json:"since"`
}

// PutAside returns the requests that were put aside, the oldest first, at most limit.
func (s asides) PutAside(ctx context.Context, limit int) ([]Aside, error) {
	found, err := s.rdb.ZRangeWithScores(ctx, s.keys.aside(), 0, int64(limit)-1).Result()
	if err != nil {
		return nil, fault("listing what was put aside", err)
	}
	all := make([]Aside, 0, len(found))
	for _, z := range found {
		id, _ := z.Member.(string)
		all = append(all, Aside{ID: id, Since: fromMillis(int64(z.Score))})
	}
	return all, nil
}

// AsideIDs returns the ids of those requests.
func (s asides) AsideIDs(ctx context.Context, limit int) ([]string, error) {
	ids, err := s.rdb.ZRange(ctx, s.keys.aside(), 0, int64(limit)-1).Result()
	return ids, fault("listing what was put aside", err)
}

// Aside implements change.AsideStore. It puts nothing aside.
func (s asides) Aside(ctx context.Context, id string) (change.Aside, error) {
	seen, err := s.asideSeen(ctx, id)
	return seen.Aside, err
}

// asideSeen is a request that was put aside, with what the script has to know of it.
type asideSeen struct {
	change.Aside
	version string // as it is stored: it may be no number
	number  int64  // 0: it is none
	locked  []string
}

func (s asides) asideSeen(ctx context.Context, id string) (asideSeen, error) {
	const doing = "looking at a request that was put aside"
	got, err := requestsReadScript.Run(ctx, s.rdb, []string{s.keys.req(id), s.keys.steps(id)}).Slice()
	if err != nil {
		return asideSeen{}, fault(doing, err)
	}
	if len(got) != 2 {
		return asideSeen{}, fmt.Errorf("%s: %d answers to 2 keys", doing, len(got))
	}
	hash := unflatten(got[0])
	r, err := decode(id, hash, unflatten(got[1]))
	if err != nil && !errors.Is(err, change.ErrUnreadable) {
		return asideSeen{}, err
	}
	seen := asideSeen{version: hash[fieldVersion], locked: mayLock(hash)}
	seen.number, _ = strconv.ParseInt(seen.version, 10, 64)
	seen.Aside, err = s.asideOf(ctx, id, hash, r)
	return seen, err
}

// mayLock are the targets that a request may have locked, by each field that can be read.
func mayLock(hash map[string]string) []string {
	var shared []string
	var p change.Proposal
	_ = json.Unmarshal([]byte(hash[fieldShared]), &shared) // either may be what can't be read
	_ = json.Unmarshal([]byte(hash[fieldProposal]), &p)
	all := slices.Concat([]string{hash[fieldTarget]}, shared, p.Locked())
	slices.Sort(all)
	return slices.Compact(all)
}

func (s asides) asideOf(ctx context.Context, id string, hash map[string]string, r *change.Request) (change.Aside, error) {
	a := change.Aside{ID: id, State: change.State(hash[fieldState]), Target: hash[fieldTarget], Request: r, Messages: messages(hash)}
	var end change.AsideEnd
	if json.Unmarshal([]byte(hash[fieldAsideEnd]), &end) == nil { // else it never was taken up, or this can't be read
		a.End = &end
	}
	since, err := s.rdb.ZScore(ctx, s.keys.aside(), id).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return change.Aside{}, fault("asking since when a request is put aside", err)
	}
	a.Since = fromMillis(int64(since))
	a.Requesters, err = s.requesters(ctx, id, hash[fieldRequester])
	return a, err
}

// messages are those of a request that can be read.
func messages(hash map[string]string) map[string]change.Message {
	all := map[string]change.Message{}
	for field, text := range hash {
		var m change.Message
		if slot, ok := strings.CutPrefix(field, fieldMessage); ok && json.Unmarshal([]byte(text), &m) == nil {
			all[slot] = m
		}
	}
	return all
}

// requesters are those whom the record of a request and the count of open requests say that it is of: the former may be what
// can't be read, the latter has forgotten what is final.
func (s asides) requesters(ctx context.Context, id, record string) ([]string, error) {
	var by change.Actor
	_ = json.Unmarshal([]byte(record), &by) // it may be what can't be read
	counted, err := s.rdb.HGet(ctx, s.keys.open(), id).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fault("asking who has an open request", err)
	}
	user, _, _ := strings.Cut(counted, " ")
	all := []string{by.User, user}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(u string) bool { return u == "" }), nil
}

// TakeUp implements change.AsideStore.
func (s asides) TakeUp(ctx context.Context, d change.AsideDecision) error {
	doing := "taking up request " + d.ID
	seen, err := s.asideSeen(ctx, d.ID)
	if err != nil {
		return err
	}
	if seen.Since.IsZero() || !d.Since.IsZero() && !d.Since.Equal(seen.Since) {
		return fmt.Errorf("%s: it is not put aside any more, or was put aside anew: %w", doing, change.ErrConflict)
	}
	what, to := whatResolve, change.RolledBack
	if !d.Resolve {
		what, to = whatRequeue, seen.State
		if seen.Request == nil {
			return fmt.Errorf("%s: repair its record first: %w", doing, change.ErrUnreadable)
		}
	}
	at, err := s.Now(ctx)
	if err != nil {
		return err
	}
	end, err := json.Marshal(change.AsideEnd{Resolved: d.Resolve, By: d.By, At: at, Reason: d.Reason})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	a, err := s.run(ctx, transition{
		doing: doing, script: requeueScript, id: d.ID, version: seen.number,
		entry: change.Entry{At: at, What: what, By: d.By, From: seen.State, To: to, Target: seen.Target, Detail: d.Reason},
		keys: append([]string{
			s.keys.pending(), s.keys.ready(), s.keys.leases(), s.keys.aside(), s.keys.wake(), s.keys.target(seen.Target), s.keys.steps(d.ID),
			s.keys.waiting(), s.keys.open(), s.keys.stuck(), s.keys.reviews(),
		}, s.keys.locks(seen.locked)...),
		args: []any{place(to), string(to), int(keep.Seconds()), string(end), millis(seen.Since), seen.version},
	})
	if err != nil {
		return err
	}
	if a.word != "ok" {
		return a.unexpected(doing)
	}
	return nil
}

// passedOver reports whether a list goes on without a request: one that is kept no longer, a newer version's, or one that
// can't be read.
func passedOver(err error) bool {
	return errors.Is(err, change.ErrNotFound) || errors.Is(err, change.ErrNewer) || errors.Is(err, change.ErrUnreadable)
}
