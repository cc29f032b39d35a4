package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// databases are one with three entries, the same as a backup had it at two, one that went on from there differently, and
// an empty one.
type databases struct{ whole, backup, other, empty *store.Store }

func newDatabases(t *testing.T) databases {
	t.Helper()
	server := storetest.Mini(t)
	d := databases{server.Store(), server.Store(), server.Store(), server.Store()}
	createAll(t, d.whole, "a", "b", "c")
	createAll(t, d.backup, "a", "b")
	createAll(t, d.other, "a", "b", "x", "y")
	return d
}

func TestADatabaseOlderThanWhatWasShippedIsNoticed(t *testing.T) {
	t.Parallel()
	d := newDatabases(t)
	lines, err := d.whole.Audit(t.Context(), "", 10)
	if err != nil || len(lines) != 3 {
		t.Fatal(lines, err)
	}
	for name, c := range map[string]struct {
		store  *store.Store
		newest string
		fails  error
		want   doctor.Level
	}{
		"as it was":           {d.whole, lines[2].ID, nil, doctor.OK},
		"nothing shipped yet": {d.empty, "", nil, doctor.OK},
		"restored":            {d.backup, lines[2].ID, nil, doctor.Bad},
		"emptied":             {d.empty, lines[2].ID, nil, doctor.Bad},
		"not to be asked":     {d.whole, "", errors.New("away"), doctor.Unknown},
	} {
		f := doctor.OlderThanShipped(t.Context(), c.store, func(context.Context) (string, error) { return c.newest, c.fails })
		if f.Level != c.want {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestADatabaseOlderThanACheckpointIsNoticed(t *testing.T) {
	t.Parallel()
	d := newDatabases(t)
	file := filepath.Join(t.TempDir(), "checkpoints.jsonl")
	keeper, _ := auditKeeper(t, d.whole, func(c *config.Config) { c.Audit.Checkpoint.File = file })
	look := func(s *store.Store) doctor.Finding {
		k := *keeper
		k.store = s
		return k.compare(t.Context())
	}
	if f := look(d.empty); f.Level != doctor.OK {
		t.Errorf("none has been kept yet: %+v", f)
	}
	if err := keeper.round(t.Context()); err != nil { // at three entries
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		store *store.Store
		want  doctor.Level
		say   string
	}{
		"as it was": {d.whole, doctor.OK, "agrees"},
		"restored":  {d.backup, doctor.Bad, "has 3 entries of the audit, the database 2"},
		"went on":   {d.other, doctor.Bad, "differs from"},
		"emptied":   {d.empty, doctor.Bad, "the database 0"},
	} {
		if f := look(c.store); f.Level != c.want || !strings.Contains(f.Say, c.say) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	createAll(t, d.whole, "d", "e")
	if f := look(d.whole); f.Level != doctor.OK {
		t.Errorf("it has grown: %+v", f)
	}
	other, _ := auditKeeper(t, d.whole, func(c *config.Config) { c.Audit.Checkpoint.File = file })
	if f := other.compare(t.Context()); f.Level != doctor.Unknown || !strings.Contains(f.Say, "signature") {
		t.Errorf("signed by another key: %+v", f)
	}
	if err := os.WriteFile(file, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := look(d.whole); f.Level != doctor.Unknown {
		t.Errorf("no checkpoint at all: %+v", f)
	}
}

// shown are the cards of requests in a channel: those in the first list are found by their time.
type shown struct {
	newest, earlier map[string]change.State
	since           time.Time
	fails           error
}

func cardMeta(request string, state change.State) bot.Metadata {
	return bot.Metadata{Type: "remote_cluster_request", Payload: map[string]any{"request": request, "slot": "card", "state": string(state)}}
}

func (s *shown) FindPosted(_ context.Context, _, _ string, since, _ time.Time, match func(bot.Metadata) bool) (bot.Posted, bool, error) {
	s.since = since
	for request, state := range s.newest {
		if match(cardMeta(request, state)) {
			return bot.Posted{}, true, nil
		}
	}
	return bot.Posted{}, false, s.fails
}

// Metadata of a card whose time is the request's id.
func (s *shown) Metadata(_ context.Context, p bot.Posted, _ string) (bot.Metadata, bool, error) {
	state, ok := s.earlier[p.TS]
	return cardMeta(p.TS, state), ok, nil
}

func TestADatabaseOlderThanACardIsNoticed(t *testing.T) {
	t.Parallel()
	d := newDatabases(t)
	for _, id := range []string{"a", "b"} {
		for _, s := range []*store.Store{d.whole, d.backup} {
			if _, _, err := s.ClaimNotification(t.Context(), id, "t", time.Minute); err != nil {
				t.Fatal(err)
			}
			if err := s.NoteMessage(t.Context(), id, "t", "card", change.Message{Channel: "C", ID: id}); err != nil {
				t.Fatal(err)
			}
		}
	}
	type cards = map[string]change.State
	for name, c := range map[string]struct {
		store           *store.Store
		newest, earlier cards
		fails           error
		want            doctor.Level
		say             string
	}{
		"as it was":               {d.whole, cards{"b": change.Pending, "c": change.Pending}, cards{"a": change.Pending}, nil, doctor.OK, ""},
		"no cards":                {d.empty, nil, nil, nil, doctor.OK, ""},
		"restored":                {d.backup, cards{"a": change.Pending, "c": change.Pending}, nil, nil, doctor.Bad, "request c, shown as pending, is not in it"},
		"restored, decided since": {d.backup, nil, cards{"a": change.Pending, "b": change.Applied}, nil, doctor.Bad, "request b, shown as applied, is pending in it"},
		"emptied":                 {d.empty, cards{"a": change.Applied}, nil, nil, doctor.Bad, "not in it"},
		"Slack is away":           {d.whole, cards{"c": change.Pending}, nil, errors.New("away"), doctor.Unknown, "away"},
	} {
		slack := &shown{newest: c.newest, earlier: c.earlier, fails: c.fails}
		o := doctor.CardsOptions{Slack: slack, Store: c.store, Channel: "C", CardOf: notify.CardOf, Last: c.store.LastAudit}
		f := doctor.OlderThanCards(t.Context(), o)
		if f.Level != c.want || !strings.Contains(f.Say, c.say) {
			t.Errorf("%s: %+v", name, f)
		}
		if last, err := c.store.LastAudit(t.Context()); err != nil || slack.since.After(last) && !last.IsZero() {
			t.Errorf("%s: looked since %v only (%v)", name, slack.since, err)
		}
	}
}

// What is found is logged once; what could not be compared is looked at again.
func TestAnOlderDatabaseIsToldOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	levels := []doctor.Level{doctor.Unknown, doctor.Bad, doctor.Bad}
	asked := 0
	o := &older{log: slog.New(slog.NewTextHandler(&log, nil)), compare: func(context.Context) doctor.Finding {
		asked++
		return doctor.Finding{Level: levels[asked-1], Say: "it is older", Check: "cards"}
	}}
	for range 4 {
		o.tell(t.Context())
	}
	if asked != 2 || strings.Count(log.String(), "it is older") != 1 {
		t.Errorf("asked %d times:\n%s", asked, log.String())
	}
	var none *older
	none.tell(t.Context())
}

// When the audit ended before this process wrote is asked again until it is known, and stays.
func TestTheEndOfTheAuditStays(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := server.Store()
	createAll(t, s, "a")
	last := endOfAudit(s)
	server.Mini.SetError("LOADING")
	if _, err := last(t.Context()); !errors.Is(err, change.ErrUnavailable) {
		t.Errorf("Redis is away: %v", err)
	}
	server.Mini.SetError("")
	before, err := last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server.Pass(time.Hour)
	createAll(t, s, "b")
	if after, err := last(t.Context()); err != nil || !after.Equal(before) {
		t.Errorf("%v, then %v (%v)", before, after, err)
	}
}
