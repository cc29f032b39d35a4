package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Doctor says how managed connections are; *link.Roster is one.
type Doctor interface {
	Managed(ctx context.Context) (map[link.Name]link.Managed, error)
	Health(ctx context.Context, m link.Managed, expiresWithin time.Duration) (link.Checkup, error)
}

// Notebook is what the watch remembers between two looks, whichever replica makes them; *store.Store is one.
type Notebook interface {
	// Lease gives owner alone the right to look for d; false: somebody has looked, or does.
	Lease(ctx context.Context, name, owner string, d time.Duration) (bool, error)
	Notes(ctx context.Context, part string) (map[string]string, error)
	Note(ctx context.Context, part, key, text string) error
	// Holder is the request that holds a target; Get is that request.
	Holder(ctx context.Context, target string) (id string, ok bool, err error)
	Get(ctx context.Context, id string) (*change.Request, error)
}

// WatcherOptions are what a Watcher needs. Zero durations mean the defaults named beside them.
type WatcherOptions struct {
	Doctor   Doctor
	Notebook Notebook
	Poster   Poster
	Channel  string
	Owner    string // names this process
	Now      func() time.Time
	Log      *slog.Logger

	Every         time.Duration // between two looks at one connection: 15 min
	Step          time.Duration // between two looks at what is due: 10 s
	ExpiresWithin time.Duration // a key that ends sooner is a problem: 14 days
	Atonce        int           // looks of one step at most: 5; it spreads them over time

	// Looked hears of every look at a connection: LookedWell, LookedTrouble or LookedAway. It must not block.
	Looked func(outcome string)
	// News hears of a connection of which Sightings tell something new. It does not stay long.
	News func(ctx context.Context, m link.Managed)
}

// What a look at a connection comes to.
const (
	LookedWell    = "well"
	LookedTrouble = "trouble" // there are problems
	LookedAway    = "away"    // it could not be looked at
)

// Watcher looks after managed connections: one message a problem, drawn again as it changes, resolved when it ends. It
// is quiet otherwise.
type Watcher struct{ o WatcherOptions }

const partWatch = "watch"

// NewWatcher returns a watcher; it looks at nothing before Run.
func NewWatcher(o WatcherOptions) *Watcher {
	o.Every = cmp.Or(o.Every, 15*time.Minute)
	o.Step = cmp.Or(o.Step, 10*time.Second)
	o.ExpiresWithin = cmp.Or(o.ExpiresWithin, 14*day)
	o.Atonce = cmp.Or(o.Atonce, 5)
	if o.Looked == nil {
		o.Looked = func(string) {}
	}
	if o.News == nil {
		o.News = func(context.Context, link.Managed) {}
	}
	return &Watcher{o: o}
}

// Run looks until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	tick := time.NewTicker(w.o.Step)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := w.Look(ctx); err != nil && ctx.Err() == nil {
				w.o.Log.WarnContext(ctx, "watching connections", "error", err)
			}
		}
	}
}

// Look looks at some of the connections that are due.
func (w *Watcher) Look(ctx context.Context) error {
	managed, err := w.o.Doctor.Managed(ctx)
	if err != nil {
		return err
	}
	open, err := w.open(ctx)
	if err != nil {
		return err
	}
	seen, err := w.looks(ctx)
	if err != nil {
		return err
	}
	names := make([]link.Name, 0, len(managed))
	for n := range managed {
		names = append(names, n)
	}
	link.SortNames(names)
	var errs []error
	looked, most := 0, max(w.o.Atonce, (len(names)+29)/30) // so that all are looked at within Every
	for _, n := range names {
		if looked == most {
			break
		}
		// The lease is the schedule too: whoever gets it looks, and nobody does so again before it has ended. One that
		// changed since the last look is due at once.
		ours, err := w.o.Notebook.Lease(ctx, "watch/"+n.String()+"/"+managed[n].Kept.Request, w.o.Owner, w.o.Every)
		if err != nil {
			return err
		}
		if !ours {
			continue
		}
		looked++
		errs = append(errs, w.look(ctx, managed[n], open, seen[n]))
	}
	for key, p := range open {
		if n, err := link.ParseName(p.Name); err == nil && managed[n].Alias == "" {
			errs = append(errs, w.resolve(ctx, key, p, "it is not managed any more"))
		}
	}
	for n, was := range seen {
		if managed[n].Alias == "" {
			errs = append(errs, w.forget(ctx, n, was))
		}
	}
	return errors.Join(errs...)
}

// openProblem is a problem that is told of.
type openProblem struct {
	Name    string       `json:"name"`
	Called  string       `json:"called,omitempty"` // what people call it
	Trouble link.Trouble `json:"trouble"`
	Certs   bool         `json:"certificates,omitempty"` // it is about certificates
	Say     string       `json:"say"`
	Since   time.Time    `json:"since"`
	Channel string       `json:"channel,omitempty"`
	TS      string       `json:"ts,omitempty"`
}

func (w *Watcher) open(ctx context.Context) (map[string]openProblem, error) {
	notes, err := w.o.Notebook.Notes(ctx, partWatch)
	if err != nil {
		return nil, err
	}
	open := map[string]openProblem{}
	for key, text := range notes {
		var p openProblem
		if json.Unmarshal([]byte(text), &p) == nil {
			open[key] = p
		}
	}
	return open, nil
}

// look looks at one connection, and tells what has changed.
func (w *Watcher) look(ctx context.Context, m link.Managed, open map[string]openProblem, was lookNote) error {
	found, err := w.o.Doctor.Health(ctx, m, w.o.ExpiresWithin)
	if err != nil {
		// Nothing is known of it just now. A platform that is away is not a connection that is lost.
		w.o.Log.InfoContext(ctx, "a connection could not be looked at", "connection", m.Name().String(), "error", err)
		w.o.Looked(LookedAway)
		if w.late(was) {
			w.o.News(ctx, m)
		}
		return nil
	}
	problems, news := found.Problems, false
	if len(problems) > 0 {
		if moving, err := w.moving(ctx, m); err != nil || moving {
			return err
		}
	}
	outcome := LookedWell
	if len(problems) > 0 {
		outcome = LookedTrouble
	}
	w.o.Looked(outcome)
	var errs []error
	for _, p := range problems {
		key := problemKey(m.Name(), p.Trouble)
		news = news || open[key].Say != p.Say
		errs = append(errs, w.tell(ctx, key, m, p, open[key]))
	}
	for key, p := range open {
		still := func(now link.Problem) bool { return now.Trouble == p.Trouble }
		if p.Name == m.Name().String() && !slices.ContainsFunc(problems, still) {
			news = true
			errs = append(errs, w.resolve(ctx, key, p, "it is well again"))
		}
	}
	errs = append(errs, w.looked(ctx, m, found, was, news))
	return errors.Join(errs...)
}

// moving reports whether a change of the connection is being made, or was since it was looked at: what it looks like in
// the middle is no problem. Once the change is through, the connection is due at once.
func (w *Watcher) moving(ctx context.Context, m link.Managed) (bool, error) {
	for _, alias := range []string{m.Alias, link.EveryAlias} {
		id, held, err := w.o.Notebook.Holder(ctx, link.Target(m.Local, alias))
		if err != nil {
			return false, err
		}
		if !held {
			continue
		}
		r, err := w.o.Notebook.Get(ctx, id)
		if err != nil && !errors.Is(err, change.ErrNotFound) {
			return false, err
		}
		if err == nil && r.State.Working() {
			return true, nil
		}
	}
	now, err := w.o.Doctor.Managed(ctx)
	return err == nil && now[m.Name()].Kept.Request != m.Kept.Request, err
}

func problemKey(n link.Name, t link.Trouble) string { return n.String() + " " + string(t) }

// tell posts a new problem, or draws one again that has changed.
func (w *Watcher) tell(ctx context.Context, key string, m link.Managed, p link.Problem, was openProblem) error {
	now := was
	now.Name, now.Trouble, now.Say, now.Certs = m.Name().String(), p.Trouble, p.Say, p.Certificates
	now.Called = m.On() + "/" + m.Alias
	if was.Since.IsZero() {
		now.Since = w.o.Now()
	}
	if was.TS != "" && was.Say == p.Say {
		return nil
	}
	msg := problemMessage(m, p, now)
	if was.TS != "" {
		err := w.o.Poster.Update(ctx, bot.Posted{Channel: was.Channel, TS: was.TS}, msg)
		if err == nil || !isDeleted(err) {
			return errors.Join(err, w.note(ctx, key, now, err == nil))
		}
	} else if !was.Since.IsZero() { // it was being posted, and the answer was lost
		at, ok, err := w.o.Poster.FindPosted(ctx, w.o.Channel, "", was.Since.Add(-clocks), time.Time{}, func(d bot.Metadata) bool {
			return d.Type == metadataProblem && d.Payload["problem"] == key
		})
		if err == nil && ok {
			now.Channel, now.TS = at.Channel, at.TS
			return w.note(ctx, key, now, true)
		}
	}
	now.Channel, now.TS = "", ""
	if err := w.note(ctx, key, now, true); err != nil {
		return err
	}
	msg.Metadata = &bot.Metadata{Type: metadataProblem, Payload: map[string]any{"problem": key}}
	at, err := w.o.Poster.Post(ctx, w.o.Channel, msg)
	if err != nil {
		return fmt.Errorf("telling of a problem: %w", err)
	}
	now.Channel, now.TS = at.Channel, at.TS
	return w.note(ctx, key, now, true)
}

const metadataProblem = "remote_cluster_problem"

func (w *Watcher) note(ctx context.Context, key string, p openProblem, do bool) error {
	if !do {
		return nil
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return w.o.Notebook.Note(ctx, partWatch, key, string(raw))
}

// resolve draws a problem's message as over, and forgets it.
func (w *Watcher) resolve(ctx context.Context, key string, p openProblem, why string) error {
	if p.TS != "" {
		s := fmt.Sprintf(":white_check_mark: ~%s~ %s: %s", line(cmp.Or(p.Called, p.Name), 200), line(troubleWord(p), 60), line(why, 100))
		s += "\n" + when(p.Since) + " to " + when(w.o.Now())
		err := w.o.Poster.Update(ctx, bot.Posted{Channel: p.Channel, TS: p.TS}, private(s))
		if err != nil && !isDeleted(err) {
			return fmt.Errorf("telling that a problem is over: %w", err)
		}
	}
	return w.o.Notebook.Note(ctx, partWatch, key, "")
}
