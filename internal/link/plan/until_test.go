package plan_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
)

// temporary has made the scene's connection for a week.
func temporary(t *testing.T) *fixture {
	t.Helper()
	h := newFixture(t)
	h.c.Until = h.w.Now().Add(7 * 24 * time.Hour)
	h.connect()
	return h
}

func (h *fixture) end() *plan.DisconnectPlanner { return plan.NewDisconnectPlanner(h.roster, h.o()) }

// atEnd is what the bot asks for at the end of the scene's connection.
func (h *fixture) atEnd() link.DisconnectParams {
	return link.DisconnectParams{Local: h.local.Ref(), Alias: "logs", Until: h.c.Until}
}

func (h *fixture) extension(until time.Time) link.ExtendParams {
	return link.ExtendParams{Local: h.local.Ref(), Alias: "logs", Until: until}
}

func TestAConnectionMayHaveAnEnd(t *testing.T) {
	h := newFixture(t)
	h.c.Until = h.w.Now().Add(-time.Second)
	_, err := h.propose(h.connector, h.c)
	contains(t, problem(t, err, link.FieldUntil), "is in the past")
	h.c.Until = h.w.Now().Add(7 * 24 * time.Hour)
	r, err := h.propose(h.connector, h.c)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Proposal.Before.Equal(h.c.Until) || r.Proposal.Traits["until"][0] != "2026-01-09T03:04:05Z" {
		t.Errorf("%+v", r.Proposal)
	}
	contains(t, h.field(r, link.LabelUntil), "2026-01-09 03:04:05 UTC, then the bot removes it")
	h.connect()
	if m := h.managed(); !m.Until.Equal(h.c.Until) || m.Record.Approval == nil || !m.Record.Approval.Until.Equal(h.c.Until) {
		t.Errorf("remembered %+v", m)
	}
}

func (h *fixture) field(r *change.Request, label string) string {
	for _, f := range r.Proposal.Fields {
		if f.Label == label {
			return f.Value
		}
	}
	return ""
}

// What is changed meanwhile keeps the end, and can't be decided about after it.
func TestOtherChangesKeepTheEnd(t *testing.T) {
	h := temporary(t)
	p := h.update()
	p.Compress = "true"
	for name, change := range map[string]struct {
		kind   kind
		params any
	}{
		"rotate": {plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}},
		"update": {plan.NewUpdatePlanner(h.roster, h.o()), p},
	} {
		r, err := h.propose(change.kind, change.params)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Proposal.Before.Equal(h.c.Until) || r.Proposal.Records[0].Until != h.c.Until {
			t.Errorf("%s: %+v", name, r.Proposal)
		}
		contains(t, h.field(r, link.LabelUntil), "2026-01-09 03:04:05 UTC, then the bot removes it")
		if left, err := h.carryOut(r); err != nil {
			t.Fatal(left, err)
		}
		h.w.Advance(time.Minute)
		if m := h.managed(); !m.Until.Equal(h.c.Until) {
			t.Errorf("%s: remembered %+v", name, m)
		}
	}
}

func TestAnExtensionChangesTheEndAlone(t *testing.T) {
	h := temporary(t)
	k := plan.NewExtendPlanner(h.roster, h.o())
	was, calls := h.managed(), h.writes()
	until := h.c.Until.Add(100 * 24 * time.Hour)
	for want, at := range map[string]time.Time{"that is already its end": h.c.Until, "is in the past": h.w.Now()} {
		_, err := h.propose(k, h.extension(at))
		contains(t, problem(t, err, link.FieldUntil), want)
	}
	r, err := h.propose(k, h.extension(until))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, h.field(r, link.LabelUntil), "2026-04-19 03:04:05 UTC, then the bot removes it")
	contains(t, h.field(r, "Until now"), "2026-01-09 03:04:05 UTC")
	contains(t, strings.Join(r.Proposal.Warnings, "\n"), "Its key expires on 2026-04-02, before that end")
	if r.Proposal.Traits["kind"][0] != "extend" || r.Proposal.Traits["until"][0] != "2026-04-19T03:04:05Z" || !r.Proposal.Before.Equal(h.c.Until) {
		t.Errorf("%+v", r.Proposal)
	}
	if left, err := h.carryOut(r); err != nil || h.writes() != calls {
		t.Fatal(left, err, "an extension changes no cluster")
	}
	now := h.managed()
	if !now.Until.Equal(until) || !now.KeyExpires().Equal(was.KeyExpires()) || now.KeyName != was.KeyName || now.MadeBy != "U1" || now.FirstRequest != was.Record.Request {
		t.Errorf("remembered %+v, and was %+v", now, was)
	}
	// Its key may still be rotated under the approval, which is of the new end.
	rotation, err := h.propose(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 90})
	if err != nil || rotation.Proposal.Substance == "" || rotation.Proposal.Substance != now.Record.Approval.Substance || rotation.Proposal.Substance == was.Record.Approval.Substance {
		t.Errorf("%v: %+v", err, now.Record.Approval)
	}
	if r, err = h.propose(k, h.extension(time.Time{})); err != nil {
		t.Fatal(err)
	}
	contains(t, h.field(r, link.LabelUntil), "no end: it stays")
	if _, err := h.carryOut(r); err != nil || !h.managed().Until.IsZero() {
		t.Errorf("%v: %+v", err, h.managed())
	}
}

func TestAtTheEndGoesWhatWasApproved(t *testing.T) {
	h := temporary(t)
	h.w.Advance(8 * 24 * time.Hour)
	r, err := h.propose(h.end(), h.atEnd())
	if err != nil {
		t.Fatal(err)
	}
	end := r.Proposal.Ending
	if end == nil || !end.Until.Equal(h.c.Until) || end.Differs != "" {
		t.Fatalf("%+v", end)
	}
	// Who uses it has known that it ends.
	h.local.SetTasks(elastic.Task{Kind: elastic.TaskTransform, Name: "daily", Sources: []string{"logs:logs-*"}, Running: true})
	if again, err := h.propose(h.end(), h.atEnd()); err != nil || again.Proposal.Digest != r.Proposal.Digest {
		t.Error("that it is used voids the approval of its end", err)
	}
	if left, err := h.carryOut(r); err != nil {
		t.Fatal(left, err)
	}
	h.clean(t)
	if m := h.managed(); m.Alias != "" {
		t.Errorf("still remembered: %+v", m)
	}
	if _, err := h.propose(h.end(), h.atEnd()); err == nil {
		t.Error("it ends twice")
	}
}

// What is another by now is for people.
func TestAnEndIsForPeopleWhereSomethingDiffers(t *testing.T) {
	for why, edit := range map[string]func(*fixture){
		"proxy_address is evil.example:9443 and was": func(h *fixture) { h.local.Set("logs", "proxy_address", "evil.example:9443") },
		"the key may read logs-a and was approved for logs-*": func(h *fixture) {
			h.remote.Narrow("logs-a")
		},
		"the bot can no longer see the remote deployment": func(h *fixture) { h.ech.Remove("d-remote") },
	} {
		t.Run(why, func(t *testing.T) {
			h := temporary(t)
			before, err := h.propose(h.end(), h.atEnd())
			if err != nil {
				t.Fatal(err)
			}
			edit(h)
			h.w.Advance(8 * 24 * time.Hour)
			r, err := h.propose(h.end(), h.atEnd())
			if err != nil {
				t.Fatal(err)
			}
			contains(t, r.Proposal.Ending.Differs, why)
			if r.Proposal.Digest == before.Proposal.Digest {
				t.Error("a worker that begins would not see it")
			}
		})
	}
	h := temporary(t)
	if _, err := h.run(plan.NewExtendPlanner(h.roster, h.o()), h.extension(h.c.Until.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	_, err := h.propose(h.end(), h.atEnd())
	contains(t, problem(t, err, link.FieldUntil), "logs no longer ends then")
}

// What could not be read may be made for it: nobody knows whether it can go.
func TestAnEndWaitsForWhatCantBeRead(t *testing.T) {
	h := keyed(t, func(s *scene) { s.c.Until = s.w.Now().Add(7 * 24 * time.Hour) })
	h.w.Fail(linktest.Fault{Call: "Role", Err: errors.New("it is away"), Times: 100})
	r, err := h.propose(h.end(), h.atEnd())
	if err != nil {
		t.Fatal(err)
	}
	if !r.Proposal.Unsure || !strings.Contains(r.Proposal.Ending.Differs, "could be read") {
		t.Errorf("%+v", r.Proposal.Ending)
	}
}
