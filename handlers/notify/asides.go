package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// AsideStore is what Asides needs to know of requests that were put aside, and where it notes what the channel has been told.
type AsideStore interface {
	Aside(ctx context.Context, id string) (change.Aside, error)
	// AsideIDs returns those that are put aside now, at most limit.
	AsideIDs(ctx context.Context, limit int) ([]string, error)
	Notes(ctx context.Context, part string) (map[string]string, error)
	Note(ctx context.Context, part, key, text string) error
	Lease(ctx context.Context, name, owner string, d time.Duration) (bool, error)
	EndLease(ctx context.Context, name, owner string) error
}

// AsidesOptions are what Asides needs.
type AsidesOptions struct {
	Store  AsideStore
	Poster Poster
	Policy interface {
		AsideDeciders(ctx context.Context, a change.Aside) ([]string, error)
	}
	Channel string
	Owner   string // names this process; no two may share it
	Now     func() time.Time
	Log     *slog.Logger
	Poll    time.Duration // between two looks: 5 s
}

// Asides tells the channel of each request that was put aside, once, and on the same message how it was taken up. Its requests
// can't be read, so the Notifier can't. What it has told stands in Redis: what failed is tried again, by any process.
type Asides struct {
	o     AsidesOptions
	woken chan struct{}
}

const (
	partAside  = "aside" // of the notes: by request
	slotAside  = "aside"
	asideLimit = 1000
	asideLease = time.Minute // of one look, which ends before
)

// asideNote is the message about a request that was put aside.
type asideNote struct {
	Since   time.Time      `json:"since"`   // when it was put aside
	Message change.Message `json:"message"` // without an ID: it is being posted
}

// NewAsides returns one that tells nothing before Run.
func NewAsides(o AsidesOptions) *Asides {
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	return &Asides{o: o, woken: make(chan struct{}, 1)}
}

// Changed says that a request was put aside or taken up. It never blocks.
func (x *Asides) Changed() {
	select {
	case x.woken <- struct{}{}:
	default:
	}
}

// Run tells until ctx ends.
func (x *Asides) Run(ctx context.Context) error {
	failing := Recurring{Log: x.o.Log, What: "telling of requests that were put aside", Now: x.o.Now}
	poll := time.NewTicker(x.o.Poll)
	defer poll.Stop()
	for {
		failing.Report(ctx, x.look(ctx))
		select {
		case <-ctx.Done():
			return nil
		case <-x.woken:
		case <-poll.C:
		}
	}
}

// look tells what has yet to be told, if no other process does.
func (x *Asides) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, asideLease/2)
	defer cancel()
	ids, err := x.o.Store.AsideIDs(ctx, asideLimit)
	if err != nil {
		return err
	}
	notes, err := x.o.Store.Notes(ctx, partAside)
	if err != nil || len(ids) == 0 && len(notes) == 0 {
		return err
	}
	ours, err := x.o.Store.Lease(ctx, partAside, x.o.Owner, asideLease)
	if err != nil || !ours {
		return err
	}
	defer func() { _ = x.o.Store.EndLease(context.WithoutCancel(ctx), partAside, x.o.Owner) }() // or it ends by itself
	if notes, err = x.o.Store.Notes(ctx, partAside); err != nil {                               // another process may have told since
		return err
	}
	for id := range notes {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var failed error
	for _, id := range ids {
		if err := x.follow(ctx, id, notes[id]); err != nil {
			failed = errors.Join(failed, fmt.Errorf("request %s: %w", id, err))
		}
	}
	return failed
}

// follow brings the message about one request up to date.
func (x *Asides) follow(ctx context.Context, id, text string) error {
	var note asideNote
	if text != "" {
		if err := json.Unmarshal([]byte(text), &note); err != nil {
			x.o.Log.WarnContext(ctx, "what the channel was told of a request that was put aside can't be read; it is told again", "request", id, "error", err)
		}
	}
	a, err := x.o.Store.Aside(ctx, id)
	switch {
	case errors.Is(err, change.ErrNotFound):
		return x.o.Store.Note(ctx, partAside, id, "")
	case errors.Is(err, change.ErrNewer):
		return nil // another version's to tell
	case err != nil:
		return err
	}
	if note.Message.Channel != "" && note.Message.ID == "" {
		if err := x.find(ctx, id, &note); err != nil {
			return err
		}
	}
	if a.Since.Equal(note.Since) {
		if note.Message.ID != "" {
			return nil
		}
		return x.post(ctx, a)
	}
	if err := x.takenUp(ctx, a, note); err != nil {
		return err
	}
	if a.Since.IsZero() {
		return x.o.Store.Note(ctx, partAside, id, "")
	}
	return x.post(ctx, a)
}

func (x *Asides) post(ctx context.Context, a change.Aside) error {
	who, err := x.o.Policy.AsideDeciders(ctx, a)
	if err != nil {
		x.o.Log.WarnContext(ctx, "who may take up a request that was put aside is not known", "request", a.ID, "error", err)
	}
	msg := cards.PutAside(a, who)
	msg.Metadata = &bot.Metadata{Type: MetadataType, Payload: map[string]any{"request": a.ID, "slot": slotAside}}
	note := asideNote{Since: a.Since, Message: change.Message{Channel: x.o.Channel, At: x.o.Now()}}
	if err := x.note(ctx, a.ID, note); err != nil {
		return err
	}
	at, err := x.o.Poster.Post(ctx, x.o.Channel, msg)
	if err != nil {
		return err
	}
	note.Message.Channel, note.Message.ID = at.Channel, at.TS
	return x.note(ctx, a.ID, note)
}

func (x *Asides) note(ctx context.Context, id string, note asideNote) error {
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	return x.o.Store.Note(ctx, partAside, id, string(text))
}

// find looks for a post whose answer was lost. Where the channel's history can't be read, it is posted again: a second message
// is the lesser evil.
func (x *Asides) find(ctx context.Context, id string, note *asideNote) error {
	m := note.Message
	p, ok, err := x.o.Poster.FindPosted(ctx, m.Channel, "", m.At.Add(-MaxClockSkew), m.At.Add(asideLease+MaxClockSkew), func(is bot.Metadata) bool {
		return is.Type == MetadataType && is.Payload["request"] == id && is.Payload["slot"] == slotAside
	})
	if e, is := errors.AsType[*bot.Error](err); is && (e.Kind == bot.Scope || e.Kind == bot.Gone || errors.Is(err, bot.ErrTooMany)) {
		x.o.Log.WarnContext(ctx, "a message may be posted twice: its channel's history can't be read", "request", id, "error", err)
		return nil
	}
	if err != nil || !ok {
		return err
	}
	note.Message.Channel, note.Message.ID = p.Channel, p.TS
	return x.note(ctx, id, *note)
}

// takenUp shows on the message who requeued or resolved the request, and takes its buttons away: from the card of one that was
// resolved too, for nobody else can draw what can't be read.
func (x *Asides) takenUp(ctx context.Context, a change.Aside, note asideNote) error {
	if a.End == nil {
		return nil
	}
	all := []change.Message{note.Message}
	if a.End.Resolved {
		all = append(all, a.Messages[SlotCard])
	}
	for _, m := range all {
		if m.ID == "" {
			continue
		}
		err := x.o.Poster.Update(ctx, bot.Posted{Channel: m.Channel, TS: m.ID}, cards.AsideTakenUp(a))
		if e, is := errors.AsType[*bot.Error](err); is && e.Kind == bot.Gone {
			x.o.Log.WarnContext(ctx, "how a request was taken up that was put aside can't be shown", "request", a.ID, "error", err)
		} else if err != nil {
			return err
		}
	}
	return nil
}
