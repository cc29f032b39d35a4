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

const rememberAsked = 24 * time.Hour // how long a submission is recognized

// Quotas are how many requests that are not final one person may have, and one channel in which they were asked for; 0: any
// number. Those of before there were quotas are not counted.
type Quotas struct{ Person, Channel int }

// requests are stored, read and moved; the parts of a Store that list, claim and show them go by it, too.
type requests struct {
	*chain
	asides asides
	quotas Quotas
	index  index
}

// Create implements change.Requests. r has to be pending; it is stored at version 1.
func (s *requests) Create(ctx context.Context, r *change.Request, submission string, entry change.Entry) (string, error) {
	const doing = "storing a request"
	if r.ID == "" || r.State != change.Pending {
		return "", fmt.Errorf("%s: %q is %s, not %s", doing, r.ID, r.State, change.Pending)
	}
	pairs, err := encode(r)
	if err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	var remember time.Duration
	if submission != "" {
		remember = rememberAsked
	}
	entry.To, entry.Target = change.Pending, r.Proposal.Subject()
	args := append(s.creating(r, remember, false), pairs...)
	a, err := s.run(ctx, transition{doing: doing, script: requestCreateScript, id: r.ID, entry: entry, keys: s.keys.creating(r, submission), args: args})
	if err != nil {
		return "", err
	}
	switch a.word {
	case "ok":
		return r.ID, nil
	case "seen":
		return a.value, s.WaitDurable(ctx)
	default:
		return "", s.notCreated(doing, r, a)
	}
}

// CanCreate implements change.Requests.
func (s *requests) CanCreate(ctx context.Context, r *change.Request) error {
	const doing = "asking whether a request can be stored"
	keys := append([]string{s.keys.call(s.nonce()), s.keys.audit(), s.keys.head(), s.keys.req(r.ID), s.keys.unannounced()}, s.keys.creating(r, "")...)
	args := append([]any{"", "", "", r.ID, change.Schema, 0}, s.creating(r, 0, true)...)
	a, err := s.eval(ctx, doing, requestCreateScript, keys, args...)
	if err != nil || a.word == "free" {
		return err
	}
	return s.notCreated(doing, r, a)
}

// creating are the script's own keys.
func (k keys) creating(r *change.Request, submission string) []string {
	return []string{
		k.target(r.Proposal.Subject()), k.dedup(submission), k.pending(), k.recent(), k.mine(r.Requester.User), k.req(r.Parent), k.open(),
	}
}

// creating are the script's own arguments but for the request's fields.
func (s *requests) creating(r *change.Request, remember time.Duration, asking bool) []any {
	user, flag := r.Requester.User, 0
	if asking {
		flag = 1
	}
	return []any{
		int(remember.Seconds()), millis(r.Created), millis(r.Deadline), recentMember(r.ID, user), r.Parent,
		user, r.Requester.Channel, s.quotas.Person, s.quotas.Channel, flag,
	}
}

// notCreated is why a request was not stored.
func (s *requests) notCreated(doing string, r *change.Request, a answer) error {
	switch a.word {
	case "held":
		return &change.LockedError{Target: r.Proposal.Subject(), RequestID: a.value}
	case "person":
		return &change.QuotaError{Most: s.quotas.Person}
	case "channel":
		return &change.QuotaError{Most: s.quotas.Channel, Channel: r.Requester.Channel}
	case "exists":
		return fmt.Errorf("%s: the id %s is taken: %w", doing, r.ID, change.ErrConflict)
	default:
		return a.unexpected(doing)
	}
}

// Submitted implements change.Requests.
func (s *requests) Submitted(ctx context.Context, submission string) (string, error) {
	id, err := s.rdb.Get(ctx, s.keys.dedup(submission)).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", fault("asking what a submission made", err)
	}
	return id, s.WaitDurable(ctx)
}

// Get implements change.Requests.
func (s *requests) Get(ctx context.Context, id string) (*change.Request, error) {
	got, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	return got[0].request, got[0].err
}

// loaded is a request, or why it can't be had.
type loaded struct {
	id      string
	request *change.Request
	err     error
	// released: its last claim was given back
	released bool
}

// load reads requests, each with its journal as of one moment.
func (s *requests) load(ctx context.Context, ids ...string) ([]loaded, error) {
	const doing = "reading requests"
	var names []string
	for _, id := range ids {
		names = append(names, s.keys.req(id), s.keys.steps(id))
	}
	got, err := requestsReadScript.Run(ctx, s.rdb, names).Slice()
	if err != nil {
		return nil, fault(doing, err)
	}
	if len(got) != len(names) {
		return nil, fmt.Errorf("%s: %d answers to %d keys", doing, len(got), len(names))
	}
	all := make([]loaded, len(ids))
	for i, id := range ids {
		hash := unflatten(got[2*i])
		r, err := decode(id, hash, unflatten(got[2*i+1]))
		if errors.Is(err, change.ErrUnreadable) {
			s.asides.putAside(ctx, id, hash[fieldTarget], err)
		}
		all[i] = loaded{id: id, request: r, err: err, released: hash[fieldReleased] == "1"}
	}
	return all, nil
}

// Transition implements change.Requests: one transition by a person or the clock.
func (s *requests) Transition(ctx context.Context, m change.Transition) error {
	seen, err := s.glance(ctx, m.ID)
	if err != nil {
		return err
	}
	if seen.version != m.Version || seen.state != m.From {
		return fmt.Errorf("moving request %s: %w", m.ID, change.ErrConflict)
	}
	return s.move(ctx, m, seen, nil)
}

// glance is how a request stands, as far as a move has to know. Its target never changes; those that it shares with
// others are of its present plan.
type glance struct {
	state   change.State
	version int64
	target  string
	shared  []string
}

func (s *requests) glance(ctx context.Context, id string) (glance, error) {
	got, err := s.rdb.HMGet(ctx, s.keys.req(id), fieldSchema, fieldState, fieldVersion, fieldTarget, fieldShared).Result()
	if err != nil {
		return glance{}, fault("looking at request "+id, err)
	}
	var text [5]string
	for i, v := range got {
		text[i], _ = v.(string) // nil where the field is missing
	}
	if err := readable(id, text[0]); err != nil {
		return glance{}, err
	}
	version, err := strconv.ParseInt(text[2], 10, 64)
	if err != nil {
		return glance{}, fmt.Errorf("reading request %s: version: %w", id, err)
	}
	seen := glance{state: change.State(text[1]), version: version, target: text[3]}
	if text[4] != "" {
		if err := json.Unmarshal([]byte(text[4]), &seen.shared); err != nil {
			return glance{}, fmt.Errorf("reading request %s: shared targets: %w", id, err)
		}
	}
	return seen, nil
}

// locked are the targets that the request may have locked. One that an earlier version wrote down names its own only as such.
func (g glance) locked() []string { return append([]string{g.target}, g.shared...) }

// move makes one transition on the version that was seen: under a claim if there is one, else a person's.
func (s *requests) move(ctx context.Context, m change.Transition, seen glance, claim *change.Claim) error {
	doing := "moving request " + m.ID
	if m.Proposal != nil && m.Proposal.Subject() != seen.target {
		return fmt.Errorf("%s: %w", doing, errTarget)
	}
	pairs, err := encodeTransition(m)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	recordKeys, records, err := encodeRecords(s.keys, s.index, m.Records)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	epoch, worker, entry := "", "", m.Entry
	if claim != nil {
		epoch, worker = strconv.FormatInt(claim.Epoch, 10), claim.Worker
		entry.Worker = worker
	}
	entry.From, entry.To, entry.Target = m.From, m.To, seen.target
	drifted := 0
	if m.Proposal != nil {
		drifted = 1
	}
	a, err := s.run(ctx, transition{
		doing: doing, script: requestTransitionScript, id: m.ID, version: seen.version, entry: entry,
		keys: slices.Concat([]string{
			s.keys.steps(m.ID), s.keys.target(seen.target), s.keys.pending(), s.keys.ready(), s.keys.leases(), s.keys.wake(),
			s.keys.waiting(), s.keys.stuck(), s.keys.open(), s.keys.reviews(),
		}, recordKeys, s.keys.locks(seen.locked())),
		args: slices.Concat([]any{
			origin(m), string(m.To), place(m.To), epoch, worker, int(keep.Seconds()), drifted, review(m), len(m.Records),
		}, records, pairs),
	})
	if err != nil {
		return err
	}
	if a.word != "ok" {
		return a.unexpected(doing)
	}
	return nil
}

var errTarget = errors.New("a plan computed again has another target")

// origin is the state that a move has to find: none if the state table lacks the move, no matter who asks for it.
func origin(m change.Transition) string {
	to, ok := m.From.Next(m.Event)
	if m.Event == "" { // a decision that moves nothing
		to, ok = m.From, !m.From.Final() || m.Review != nil
	}
	if !ok || to != m.To {
		return ""
	}
	return string(m.From)
}

// review is by when a request has to be reviewed from a move on.
func review(m change.Transition) string {
	switch {
	case m.Review == nil:
		return ""
	case m.Review.IsZero():
		return "0"
	}
	return strconv.FormatInt(m.Review.UnixMilli(), 10)
}
