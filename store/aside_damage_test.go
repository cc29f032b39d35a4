package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// Whichever field is damaged, before the request is put aside or after: somebody can end it, once, and it holds nobody up then.
func TestWhateverIsDamagedCanBeResolved(t *testing.T) {
	t.Parallel()
	damage := map[string]map[string]string{
		"a version that is no number":       {"version": "x"},
		"a version that is no whole number": {"version": "1.5"},
		"a version beyond all numbers":      {"version": "99999999999999999999"},
		"a version below all numbers":       {"version": "-3", "proposal": "{"},
		"an empty version":                  {"version": ""},
		"the schema":                        {"schema": "one"},
		"what it locks":                     {"shared": "[", "proposal": "{"},
		"what it locks, and the version":    {"shared": `{"a":1}`, "version": "x"},
		"its target, and the proposal":      {"target": "", "proposal": "{"},
		"how it was taken up last":          {"aside_end": "{", "proposal": "{"},
		"everything":                        {"shared": "[", "proposal": "[", "version": "x", "schema": "x", "target": "x", "requester": "[", "created": "?", "aside_end": "["},
	}
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		for name, fields := range damage {
			t.Run(name, func(t *testing.T) {
				d := damaged{t: t, server: server, env: server.Env(), fields: fields}
				d.store = store.New(server.Client, store.Options{Env: d.env})
				d.begin("bad", "a")
				d.claims("bad")
				d.overwrite(fields)
				d.meet()
				d.resolves()
			})
			t.Run(name+", after it was put aside", func(t *testing.T) {
				d := damaged{t: t, server: server, env: server.Env(), fields: fields}
				d.store = store.New(server.Client, store.Options{Env: d.env})
				d.begin("bad", "a")
				d.claims("bad")
				d.overwrite(map[string]string{"proposal": "{"})
				d.meet()
				d.overwrite(fields)
				d.resolves()
			})
		}
	})
}

// A record that was repaired waits for somebody who requeues it: until then a press on its card would have it worked on while
// it can be resolved.
func TestWhatIsPutAsideMovesOnlyOnceItIsRequeued(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		ctx := t.Context()
		d := damaged{t: t, server: server, env: server.Env()}
		d.store = store.New(server.Client, store.Options{Env: d.env})
		if _, err := d.store.Create(ctx, changetest.Pending("bad", server.Now()), "", change.Entry{}); err != nil {
			t.Fatal(err)
		}
		key := "rcb:{" + d.env + "}:req:bad"
		whole := server.Client.HGet(ctx, key, "proposal").Val()
		d.overwrite(map[string]string{"proposal": "{"})
		d.meet()
		d.overwrite(map[string]string{"proposal": whole})
		press := func() error {
			r, err := d.store.Get(ctx, "bad")
			if err != nil {
				t.Fatal(err)
			}
			m := approve("bad")
			m.Version = r.Version
			return d.store.Transition(ctx, m)
		}
		if err := press(); !errors.Is(err, change.ErrUnreadable) {
			t.Errorf("approved what is put aside: %v", err)
		}
		if err := d.store.TakeUp(ctx, change.AsideDecision{ID: "bad", By: change.Actor{User: "UBOB"}, Reason: "repaired"}); err != nil {
			t.Fatal(err)
		}
		if err := press(); err != nil {
			t.Errorf("after it was requeued: %v", err)
		}
		d.claims("bad")
	})
}

type damaged struct {
	t      *testing.T
	server storetest.Server
	env    string
	store  *store.Store
	fields map[string]string
}

func (d damaged) begin(id, alias string) {
	d.t.Helper()
	r := changetest.Pending(id, d.server.Now())
	r.Proposal.Target = []string{alias, "role"}
	if _, err := d.store.Create(d.t.Context(), r, "", change.Entry{}); err != nil {
		d.t.Fatal(err)
	}
	if err := d.store.Transition(d.t.Context(), approve(id)); err != nil {
		d.t.Fatal(err)
	}
}

func (d damaged) claims(want string) {
	d.t.Helper()
	if c, err := d.store.Claim(d.t.Context(), "w", time.Minute); err != nil || c.Claim.ID != want {
		d.t.Fatalf("claimed %q, %v", c.Claim.ID, err)
	}
}

func (d damaged) overwrite(fields map[string]string) {
	d.t.Helper()
	for field, text := range fields {
		if err := d.server.Client.HSet(d.t.Context(), "rcb:{"+d.env+"}:req:bad", field, text).Err(); err != nil {
			d.t.Fatal(err)
		}
	}
}

// meet has somebody find the record.
func (d damaged) meet() {
	d.t.Helper()
	if _, err := d.store.Get(d.t.Context(), "bad"); err != nil && !errors.Is(err, change.ErrUnreadable) {
		d.t.Fatal(err)
	}
	if aside, err := d.store.PutAside(d.t.Context(), 10); err != nil || len(aside) != 1 {
		d.t.Fatalf("put aside: %v, %v", aside, err)
	}
}

func (d damaged) resolves() {
	d.t.Helper()
	ctx := d.t.Context()
	seen, err := d.store.Aside(ctx, "bad")
	if err != nil || seen.Since.IsZero() {
		d.t.Fatalf("%+v, %v", seen, err)
	}
	// What it has locked stays so until somebody has decided.
	d.begin("waits", "b")
	if c, err := d.store.Claim(ctx, "w", time.Minute); !errors.Is(err, change.ErrNoWork) {
		d.t.Fatalf("claimed %q, %v", c.Claim.ID, err)
	}
	resolve := change.AsideDecision{ID: "bad", Since: seen.Since, Resolve: true, By: change.Actor{User: "UBOB"}, Reason: "nothing was left"}
	before := resolve
	before.Since = seen.Since.Add(-time.Second)
	if err := d.store.TakeUp(ctx, before); !errors.Is(err, change.ErrConflict) {
		d.t.Errorf("a decision about another time counted: %v", err)
	}
	if err := d.store.TakeUp(ctx, resolve); err != nil {
		d.t.Fatal(err)
	}
	if err := d.store.TakeUp(ctx, resolve); !errors.Is(err, change.ErrConflict) {
		d.t.Errorf("resolved twice: %v", err)
	}
	d.begin("next", "a")
	d.claims("next")
	if _, shown, err := d.store.ClaimNotification(ctx, "bad", "n", time.Minute); shown || err != nil && !errors.Is(err, change.ErrNotFound) {
		d.t.Errorf("its card is to be drawn, %v", err)
	}
	if report, err := d.store.VerifyAudit(ctx); err != nil || report.Bad != nil {
		d.t.Errorf("the audit: %+v, %v", report.Bad, err)
	}
}
