package handlers

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

func (d *desk) paramsOf(id string, into any) {
	d.t.Helper()
	r, err := d.book.Get(d.t.Context(), id)
	if err == nil {
		err = json.Unmarshal(r.Proposal.Params, into)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// A span counts from when the form was drawn: submitted again, because the answer was lost, it is the same request.
func TestAConnectionIsAskedForUntilThen(t *testing.T) {
	d := newDesk(t)
	d.types("connect logs-prod to search-eu for 2 weeks")
	if got := d.text(link.FieldUntil); got != "2 weeks" {
		t.Errorf("filled in is %q", got)
	}
	drawn := d.world.Now()
	d.fills(link.FieldSearch, "logs-*")
	d.fills(link.FieldReason, "an audit")
	for text, want := range map[string]string{"some days": "write how long", "2020-01-01": "is in the past", "20 years": "at most 3650 days"} {
		d.fills(link.FieldUntil, text)
		if errs := d.submits(); !strings.Contains(errs[link.FieldUntil], want) {
			t.Errorf("%s: %v", text, errs)
		}
	}
	d.fills(link.FieldUntil, "2 weeks")
	for range 2 {
		if errs := d.submits(); len(errs) > 0 {
			t.Fatal(errs)
		}
		d.world.Advance(5 * time.Minute)
	}
	var c link.ConnectParams
	d.paramsOf("R1", &c)
	if want := drawn.Add(14 * 24 * time.Hour).Truncate(time.Minute); !c.Until.Equal(want) {
		t.Errorf("it ends %s, not %s", c.Until, want)
	}
	if _, err := d.book.Get(t.Context(), "R2"); !errors.Is(err, change.ErrNotFound) {
		t.Error("it is asked for twice")
	}
	// Edited, the form has the moment, and gives it back.
	d.finish(d.connect.edit(t.Context(), bot.Action{User: asker, Value: bot.Value{Text: "R1:1"}, TriggerID: "2"}))
	if got := d.slack.Get("V2", link.FieldUntil).Text; got != link.SayUntil(c.Until) {
		t.Errorf("edited, it is %q", got)
	}
}

// Where the rule has a bound, what is wrong stands beside the field.
func TestABoundIsToldBesideTheField(t *testing.T) {
	d := newDesk(t)
	d.types("connect")
	m, err := forms.ParseConnectMetadata(d.slack.View(theModal).Metadata)
	if err != nil {
		t.Fatal(err)
	}
	a := d.connect.refused(t.Context(), reply.Target{}, m, forms.NewConnect(), &change.NotAllowedError{Why: "for 30 days at most", Trait: policy.TraitUntil})
	if body := handlerstest.ToJSON(t, a.Body); !strings.Contains(body, `"until": "For 30 days at most`) {
		t.Error(body)
	}
}

func TestAnExtensionIsAskedForInWords(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.types("extend logs-prod/search-eu until 2026-12-24 18:00")
	if got := d.slack.Get("V1", link.FieldUntil).Text; got != "2026-12-24 18:00" {
		t.Errorf("filled in is %q", got)
	}
	d.slack.Set("V1", link.FieldReason, bot.Value{Text: "not done yet"})
	d.slack.Set("V1", link.FieldUntil, bot.Value{Text: "a while"})
	submit := func() any {
		return d.finish(d.changes.formSubmitted(t.Context(), bot.Submission{View: d.slack.View("V1"), User: asker}))
	}
	if body := handlerstest.ToJSON(t, submit()); !strings.Contains(body, "rite how long") {
		t.Error(body)
	}
	d.slack.Set("V1", link.FieldUntil, bot.Value{Text: "2026-12-24 18:00"})
	if body := submit(); body != nil {
		t.Fatalf("%+v", body)
	}
	var p link.ExtendParams
	d.paramsOf("R1", &p)
	if p.Alias != "search-eu" || !p.Until.Equal(time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", p)
	}
}
