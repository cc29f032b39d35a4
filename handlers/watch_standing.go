package handlers

import (
	"context"
	"encoding/json"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// partLooked are the watch's notes of its last look at each managed connection, by the connection's name. All replicas
// read the same, so that they draw the same.
const partLooked = "looked"

// lateAfter is after how many rounds without a look a connection's state is said to be old.
const lateAfter = 3

// lookNote is the last look at a connection that told something.
type lookNote struct {
	Request string    `json:"request"` // the change that it was as it is by
	Local   string    `json:"local"`   // the deployments' names
	Remote  string    `json:"remote,omitempty"`
	Maker   string    `json:"maker,omitempty"` // who follow it though they said nothing
	By      string    `json:"by,omitempty"`
	Expires time.Time `json:"expires,omitzero"` // of its key
	At      time.Time `json:"at"`
}

func (w *Watcher) looks(ctx context.Context) (map[link.Name]lookNote, error) {
	notes, err := w.o.Notebook.Notes(ctx, partLooked)
	if err != nil {
		return nil, err
	}
	all := map[link.Name]lookNote{}
	for key, text := range notes {
		var l lookNote
		if n, err := link.ParseName(key); err == nil && json.Unmarshal([]byte(text), &l) == nil {
			all[n] = l
		}
	}
	return all, nil
}

// looked notes what a look found, and says if there is news. When it was is none: it always is.
func (w *Watcher) looked(ctx context.Context, m link.Managed, found link.Checkup, was lookNote, news bool) error {
	now := lookNote{Request: m.Kept.Request, Local: found.Local, Remote: found.Remote, Expires: found.Expires, At: w.o.Now()}
	now.Maker, now.By = m.Maker(), m.Kept.By.User
	raw, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if err := w.o.Notebook.Note(ctx, partLooked, m.Name().String(), string(raw)); err != nil {
		return err
	}
	late := w.late(was)
	was.At, now.At = time.Time{}, time.Time{}
	same := was.Expires.Equal(now.Expires)
	was.Expires, now.Expires = time.Time{}, time.Time{}
	if news || late || !same || was != now {
		w.o.News(ctx, m)
	}
	return nil
}

// forget is for a connection that is not managed any more. News of it is the last: of what it was.
func (w *Watcher) forget(ctx context.Context, n link.Name, was lookNote) error {
	err := w.o.Notebook.Note(ctx, partLooked, n.String(), "")
	if err == nil {
		w.o.News(ctx, link.Managed{Local: n.Local, Alias: n.Alias, MadeBy: was.Maker, Kept: change.Kept{By: change.Actor{User: was.By}}})
	}
	return err
}

func (w *Watcher) late(l lookNote) bool {
	return !l.At.IsZero() && w.o.Now().Sub(l.At) > lateAfter*w.o.Every
}

// Sighting is how a managed connection stands, as far as the watch of any replica knows.
type Sighting struct {
	Managed       link.Managed
	Local, Remote string        // the deployments' names; empty: not known yet
	Expires       time.Time     // of its key; zero: never, or not known
	Looked        time.Time     // when it was last looked at; zero: not since it changed last
	Late          bool          // that is too long ago: it could not be looked at since
	Problems      []openProblem // the worst first
}

// Sightings returns all managed connections as the notes tell of them. It asks no cluster and no platform.
func (w *Watcher) Sightings(ctx context.Context) (map[link.Name]Sighting, error) {
	managed, err := w.o.Doctor.Managed(ctx)
	if err != nil {
		return nil, err
	}
	open, err := w.open(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := w.looks(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[link.Name]Sighting, len(managed))
	for n, m := range managed {
		l := seen[n]
		s := Sighting{Managed: m, Local: l.Local, Remote: l.Remote, Expires: m.KeyExpires()}
		if l.Request == m.Kept.Request {
			s.Expires, s.Looked, s.Late = l.Expires, l.At, w.late(l)
		}
		for _, t := range link.Troubles() {
			if p, ok := open[problemKey(n, t)]; ok {
				s.Problems = append(s.Problems, p)
			}
		}
		all[n] = s
	}
	return all, nil
}

// Standing is how the managed connections stand, as far as they have been looked at, by any replica.
type Standing struct {
	Managed  int
	Problems map[link.Trouble]int // that are told of
}

// Standing reads it; it looks at no connection.
func (w *Watcher) Standing(ctx context.Context) (Standing, error) {
	managed, err := w.o.Doctor.Managed(ctx)
	if err != nil {
		return Standing{}, err
	}
	open, err := w.open(ctx)
	if err != nil {
		return Standing{}, err
	}
	now := Standing{Managed: len(managed), Problems: map[link.Trouble]int{}}
	for _, t := range link.Troubles() {
		now.Problems[t] = 0
	}
	for _, p := range open {
		now.Problems[p.Trouble]++
	}
	return now, nil
}
