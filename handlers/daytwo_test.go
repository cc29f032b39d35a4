package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// planners are those of all kinds of change.
func planners(catalog *inventory.Catalog, b *handlerstest.Outbox, w *linktest.World) map[change.Kind]change.Planner {
	o := steps.PlannerOptions{Env: "test"}
	r := inventory.NewConnections(catalog, b.Kept, inventory.ConnectionsOptions{Now: w.Now})
	return plan.Kinds(catalog, r, o)
}

// connected makes the connection logs-prod/search-eu, as if a request for it had been applied.
func (d *desk) connected(edits ...func(*link.ConnectParams)) *change.Request {
	d.t.Helper()
	r := handlerstest.Pending()
	var c link.ConnectParams
	if err := json.Unmarshal(r.Proposal.Params, &c); err != nil {
		d.t.Fatal(err)
	}
	c.ProxyAddress, c.ServerName = "search-eu.cloud.example:9443", "search-eu.cloud.example"
	for _, edit := range edits {
		edit(&c)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		d.t.Fatal(err)
	}
	k := plan.NewConnectPlanner(d.catalog, steps.PlannerOptions{Env: "test"})
	p, err := k.Plan(d.t.Context(), r.ID, raw)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Proposal = p
	r.Messages = map[string]change.Message{notify.SlotCard: {Channel: "C0REQUESTS", ID: "1700000000.000100"}}
	todo := steps.Steps(inventory.NewConnections(d.catalog, d.book.Kept, inventory.ConnectionsOptions{Now: d.world.Now}), steps.PlannerOptions{Env: "test"})
	for _, planned := range p.Steps {
		s, err := todo[planned.Action()](planned.Args)
		if err != nil {
			d.t.Fatal(err)
		}
		had := change.Evidence{}
		err = s.Apply(d.t.Context(), had, func(_ context.Context, e change.Evidence) error { maps.Copy(had, e); return nil })
		if err != nil {
			d.t.Fatal(err)
		}
	}
	d.book.Keep(r, d.world.Now())
	return r
}

// byCertificate sets a connection of logs-prod to a deployment of the cloud by hand.
func (d *desk) byCertificate(to string) {
	local := d.world.Platform("ece-prod").Find("a1")
	local.Trusting()
	host := to + ".cloud.example"
	for option, value := range map[string]string{"mode": "proxy", "proxy_address": host + ":9400", "server_name": host} {
		local.Set(to, option, value)
	}
}

// established makes logs-prod/search-eu a connection that a change is for.
func (d *desk) established(verb string) {
	switch verb {
	case "migrate":
		d.certified()
	case "adopt": // it was made by hand
		d.connected()
		d.book.Records = nil
	default:
		d.connected()
	}
}

func (d *desk) certified() { d.byCertificate("search-eu") }

// shown is the last message that was told to somebody, as JSON.
func (d *desk) shown() bot.Message {
	d.t.Helper()
	d.slack.Mu.Lock()
	defer d.slack.Mu.Unlock()
	if len(d.slack.Told) == 0 {
		d.t.Fatal("nothing was told")
	}
	return d.slack.Told[len(d.slack.Told)-1]
}

const name = "ece-prod/a1/search-eu"

func TestListShowsConnections(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.types("list")
	handlerstest.GoldenMessage(t, "list", d.shown())
	d.types("list nothing-like-it")
	if m := d.shown(); !strings.Contains(m.Text, "*0 remote connections*") {
		t.Errorf("filtered: %s", m.Text)
	}
	for typed, want := range map[string]string{
		"logs-prod": "*1 remote connection*", "logs ece-prod": "*1 remote connection*", "ece-prod/LOGS-prod": "*1 remote connection*", // the local side
		"search-eu": "*1 remote connection*", "cloud": "*1 remote connection*", // the remote side
		"log-prod": "Did you mean `/remote-cluster list logs-prod`?", "serch-eu": "Did you mean `/remote-cluster list search-eu`?",
	} {
		d.types("list " + typed)
		if m := d.shown(); !strings.Contains(m.Text, want) {
			t.Errorf("list %s: %s", typed, m.Text)
		}
	}
}

// _remote/info says connected as long as the sockets are open; what the watch found counts more.
func TestListAndFormsBelieveTheWatch(t *testing.T) {
	d := newDesk(t)
	d.connected()
	n, err := link.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	for trouble, want := range map[diagnose.ProblemKind]string{
		diagnose.ProblemDown:     ":red_circle: *logs-prod* → *search-eu* as `search-eu`\\ndoes not work · API key",
		diagnose.ProblemDegraded: ":warning: *logs-prod* → *search-eu* as `search-eu`\\nconnected, but degraded · API key",
		diagnose.ProblemExpiring: ":hourglass: *logs-prod* → *search-eu* as `search-eu`\\nconnected, but expires soon",
	} {
		why := trouble != diagnose.ProblemExpiring
		d.finds(n, diagnose.Problem{Kind: trouble, Say: "The key no longer exists <!channel>."})
		d.types("list")
		if s := handlerstest.ToJSON(t, d.shown().Blocks); !strings.Contains(s, want) || strings.Contains(s, `\nThe key no longer exists &lt;!channel&gt;."`) != why {
			t.Errorf("%s: the list shows %s", trouble, s)
		}
		d.finds(n, diagnose.Problem{Kind: trouble})
	}
	d.finds(n, diagnose.Problem{Kind: diagnose.ProblemDown, Say: "The remote deployment no longer exists."})
	d.finish(d.command(t.Context(), bot.Command{Text: "update search-eu", User: asker, Channel: "C0", TriggerID: "1"}))
	if s := d.slack.Shows("V1"); !strings.Contains(s, ":red_circle: does not work · API key\\nThe remote deployment no longer exists.") {
		t.Errorf("the form shows %s", s)
	}
	d.finds(n, diagnose.Problem{Kind: diagnose.ProblemDown})
	d.world.Platform("cloud").Find("b2").Invalidate()
	d.finish(d.command(t.Context(), bot.Command{Text: "rotate search-eu", User: asker, Channel: "C0", TriggerID: "2"}))
	if s := d.slack.Shows("V2"); !strings.Contains(s, ":red_circle: does not work · API key\\nThere is no valid key any more.") {
		t.Errorf("before the watch has looked: %s", s)
	}
}

// A key that has ended leaves the sockets open. What a status has found, everything shows from then on.
func TestListShowsWhatAStatusHasFound(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.world.Platform("cloud").Find("b2").Invalidate()
	d.types("list")
	if s := handlerstest.ToJSON(t, d.shown().Blocks); strings.Contains(s, ":large_green_circle:") || !strings.Contains(s, "not checked since <!date") {
		t.Errorf("before anybody has looked, the age of the last check is told: %s", s)
	}
	d.types("status search-eu")
	if m := d.shown(); !strings.Contains(m.Text, ":red_circle:") || !strings.Contains(m.Text, "does not accept the key") {
		t.Fatalf("status: %s", m.Text)
	}
	d.types("list")
	if s := handlerstest.ToJSON(t, d.shown().Blocks); !strings.Contains(s, ":red_circle: *logs-prod*") || !strings.Contains(s, "0 connected, 1 not working; 1 managed") {
		t.Errorf("the list shows %s", s)
	}
	if home := d.connectionsOf(asker); !strings.Contains(home, ":red_circle: *logs-prod*") {
		t.Errorf("the home tab shows %s", home)
	}
}

// Nobody knows what the bot manages while its records can't be read: that is said first, and nothing is called made by
// hand, checked or zero.
func TestListWhereTheRecordsCannotBeRead(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.book.Down = errors.New("connection refused")
	d.types("list")
	m := d.shown()
	handlerstest.GoldenMessage(t, "list_records_unread", m)
	if s := handlerstest.ToJSON(t, m.Blocks); strings.Contains(s, "made by hand") || strings.Contains(s, "managed by the bot") || strings.Contains(s, ":large_green_circle:") {
		t.Errorf("shown: %s", s)
	}
	if !strings.HasPrefix(m.Text, ":warning: Couldn't read which connections the bot manages") {
		t.Errorf("it is not said first: %s", m.Text)
	}
}

// Nobody answers: what the bot manages is there all the same, nothing is said to be zero, and one reason is told once.
func TestListWhereNobodyAnswers(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.world.Platform("ece-prod").AddDeployment("a2", "siem", "8.19.3")
	for id, called := range map[string]string{"a1": "logs-prod", "a2": "siem"} {
		d.world.Fail(linktest.Fault{Call: "RemoteInfo", On: "ece-prod/" + id, Err: &elastic.CallError{System: "Elasticsearch of " + called, Status: 503}})
	}
	d.types("list")
	handlerstest.GoldenMessage(t, "list_unread", d.shown())
	if s := handlerstest.ToJSON(t, d.shown()); strings.Contains(s, "0 remote") || strings.Count(s, "returned an error") != 1 {
		t.Errorf("shown: %s", s)
	}
	d.types("list siem")
	if m := d.shown(); !strings.Contains(m.Text, "No local cluster that fits “siem” has answered") {
		t.Errorf("shown: %s", m.Text)
	}
	d.world.Heal()
	d.world.Fail(linktest.Fault{Call: "RemoteInfo", On: "ece-prod/a2"})
	d.world.Advance(time.Minute)
	d.types("list")
	if m := d.shown(); !strings.Contains(m.Text, "*1 remote connection* of 1 local cluster: 1 connected") {
		t.Errorf("one answers: %s", m.Text)
	}
}

// Each line of a list leads on.
func TestAListLineLeadsOn(t *testing.T) {
	d := newDesk(t)
	d.connected()
	for verb, want := range map[string]string{
		"status": "It works.", "diagnose": "no problems found", "follow": "You follow", "unfollow": "You don't follow",
	} {
		d.finish(d.list.lineChosen(t.Context(), bot.Action{ID: cards.ActionListLine, Value: bot.Value{Option: bot.Option{Value: verb + " " + name}}, User: asker, Channel: "C0"}))
		if m := d.shown(); !strings.Contains(m.Text, want) {
			t.Errorf("%s: told %s", verb, m.Text)
		}
	}
	for _, value := range []string{"", "disconnect " + name, "status nonsense"} {
		if _, err := d.list.lineChosen(t.Context(), bot.Action{Value: bot.Value{Option: bot.Option{Value: value}}}); err == nil {
			t.Errorf("%q was taken", value)
		}
	}
	if cards.ConnectionMenu(link.Name{Local: elastic.Ref{Platform: "p", Deployment: strings.Repeat("x", 150)}, Alias: "a"}, "follow") != nil {
		t.Error("a menu that Slack refuses")
	}
}

func TestListTurnsPagesInPlace(t *testing.T) {
	d := newDesk(t)
	ece := d.world.Platform("ece-prod")
	for i := range 25 {
		local := ece.AddDeployment("x"+string(rune('a'+i)), "x"+string(rune('a'+i)), "8.19.3")
		local.Set("far", "mode", "proxy")
		local.Set("far", "proxy_address", "far.example:9400")
	}
	d.types("list")
	if m := d.shown(); !strings.Contains(handlerstest.ToJSON(t, m.Blocks), "Page 1 of 3") {
		t.Errorf("shown: %s", handlerstest.ToJSON(t, m.Blocks))
	}
	d.finish(d.list.listTurned(t.Context(), bot.Action{ID: actionListNext, Value: bot.Value{Text: "2 "}, User: asker, ResponseURL: "https://r"}))
	blocks := handlerstest.ToJSON(t, d.shown().Blocks)
	if !strings.Contains(blocks, "Page 3 of 3") || !strings.Contains(blocks, "Previous") || strings.Contains(blocks, "Next") {
		t.Errorf("the last page: %s", blocks)
	}
	if _, err := d.list.listTurned(t.Context(), bot.Action{Value: bot.Value{Text: "nonsense"}}); err == nil {
		t.Error("nonsense was taken for a page")
	}
}

func TestStatusAndDiagnose(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.types("status search-eu logs-prod")
	handlerstest.GoldenMessage(t, "status", d.shown())
	d.types("diagnose logs-prod/search-eu")
	handlerstest.GoldenMessage(t, "diagnose_well", d.shown())
	d.world.Platform("cloud").Find("b2").Invalidate()
	d.types("diagnose LOGS-PROD/search-eu")
	handlerstest.GoldenMessage(t, "diagnose_bad_key", d.shown())
	d.types("status logs-prod/serch-eu")
	for _, typed := range []string{"logs-prod/serch-eu", "serch-eu logs-prod", "search-eu/log-prod", "serch-eu"} {
		d.types("status " + typed)
		if m := d.shown(); !strings.Contains(m.Text, "Did you mean logs-prod/search-eu?") {
			t.Errorf("%s: told %s", typed, m.Text)
		}
	}
	d.types("status xy")
	if m := d.shown(); strings.Contains(m.Text, "Did you mean") {
		t.Errorf("told %s", m.Text)
	}
}

// Every word that asks for a change opens its form: with the connection named, or with a list to choose from.
func TestEveryChangeOfAConnectionHasItsForm(t *testing.T) {
	for _, f := range forms.Changes() {
		verb := f.Verb
		t.Run(verb, func(t *testing.T) {
			d := newDesk(t)
			d.established(verb)
			d.finish(d.command(t.Context(), bot.Command{Text: verb, User: asker, Channel: "C0", TriggerID: "1"}))
			handlerstest.Golden(t, "modal_"+verb+"_empty", d.slack.Modals["V1"].View)
			d.finish(d.command(t.Context(), bot.Command{Text: verb + " search-eu", User: asker, Channel: "C0", TriggerID: "2"}))
			handlerstest.Golden(t, "modal_"+verb, d.slack.Modals["V2"].View)
			d.finish(d.command(t.Context(), bot.Command{Text: verb + " nothing", User: asker, Channel: "C0", TriggerID: "3"}))
			if s := d.slack.Shows("V3"); !strings.Contains(s, "There is no connection") {
				t.Errorf("an unknown connection: %s", s)
			}
		})
	}
}

// A form that could only be refused does not open: it says why, and what else there is.
func TestAFormSaysForWhomItIsNot(t *testing.T) {
	fill := func(d *desk, typed string) string {
		d.finish(d.command(t.Context(), bot.Command{Text: typed, User: asker, Channel: "C0", TriggerID: "1"}))
		return d.slack.Shows("V1")
	}
	keyed := func(d *desk) { d.connected() }
	for typed, c := range map[string]struct {
		before func(*desk)
		why    string
	}{
		"adopt search-eu":   {keyed, "search-eu is already managed by the bot"},
		"migrate search-eu": {keyed, "search-eu already uses an API key"},
		"rotate search-eu":  {(*desk).certified, "search-eu was created by hand: adopt it first"},
		"update search-eu":  {(*desk).certified, "search-eu was created by hand: adopt it first"},
	} {
		d := newDesk(t)
		c.before(d)
		if s := fill(d, typed); !strings.Contains(s, ":warning: Not for logs-prod/search-eu: "+c.why) || strings.Contains(s, "What is it for?") {
			t.Errorf("%s: %s", typed, s)
		}
		if body := handlerstest.ToJSON(t, d.finish(d.changes.formSubmitted(t.Context(), bot.Submission{View: d.slack.View("V1"), User: asker}))); !strings.Contains(body, "Choose a connection") {
			t.Errorf("%s: submitted, it says %s", typed, body)
		}
	}
	// Another alias of the deployment can be moved: the form offers that one alone.
	d := newDesk(t)
	d.connected()
	d.byCertificate("search-us")
	s := fill(d, "migrate search-eu")
	if !strings.Contains(s, "search-eu already uses an API key") || !strings.Contains(s, `"value": "search-us"`) || strings.Contains(s, `"value": "search-eu"`) {
		t.Errorf("shown: %s", s)
	}
	// What the keys may read is for people to say.
	d.slack.Set("V1", link.FieldAliases, bot.Value{Options: []bot.Option{{Value: "search-us"}}})
	d.slack.Set("V1", link.FieldReason, bot.Value{Text: "they end"})
	if body := handlerstest.ToJSON(t, d.finish(d.changes.formSubmitted(t.Context(), bot.Submission{View: d.slack.View("V1"), User: asker}))); !strings.Contains(body, `"search:`) {
		t.Errorf("without access: %s", body)
	}
}

// An update that changes nothing says so beside the connection, not beside the reason for it.
func TestAnUpdateOfNothingIsRefusedAtTheTop(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.finish(d.command(t.Context(), bot.Command{Text: "update search-eu", User: asker, Channel: "C0", TriggerID: "1"}))
	d.slack.Set("V1", link.FieldReason, bot.Value{Text: "why not"})
	body := handlerstest.ToJSON(t, d.finish(d.changes.formSubmitted(t.Context(), bot.Submission{View: d.slack.View("V1"), User: asker})))
	if !strings.Contains(body, `"connection:`) || !strings.Contains(body, "Nothing would change") || strings.Contains(body, `"reason:`) {
		t.Errorf("told: %s", body)
	}
}

// A rotation that knew no old key does not say that one was invalidated.
func TestARotationTellsWhetherTheOldKeyIsInvalid(t *testing.T) {
	for name, known := range map[string]bool{"known": true, "gone": false} {
		d := newDesk(t)
		d.connected()
		if !known {
			d.world.Platform("cloud").Find("b2").Invalidate()
		}
		raw, err := json.Marshal(link.RotateParams{Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Alias: "search-eu", ExpiryDays: 90})
		if err != nil {
			t.Fatal(err)
		}
		r := handlerstest.Pending()
		if r.Proposal, err = planners(d.catalog, d.book, d.world)[link.KindRotate].Plan(t.Context(), r.ID, raw); err != nil {
			t.Fatal(err)
		}
		r.State = change.Applied
		m, ok := cards.FinalLine(r, "/remote-cluster")
		if !ok || strings.Contains(m.Text, "the old one is invalid") != known || strings.Contains(m.Text, "no old key was invalidated") == known {
			t.Errorf("%s: told %s", name, m.Text)
		}
	}
}

// The card of a disconnect says what goes with the connection, and what stays and why.
func TestTheCardOfADisconnect(t *testing.T) {
	for name, before := range map[string]func(*desk){
		"goes": func(*desk) {},
		"stays": func(d *desk) {
			d.world.Platform("ece-prod").Find("a1").SetRole("remote-readers", `{"cluster":["all"]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.connected(func(c *link.ConnectParams) { c.Role = &link.RoleOptions{Name: "remote-readers"} })
			before(d)
			raw, err := json.Marshal(link.DisconnectParams{Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Alias: "search-eu"})
			if err != nil {
				t.Fatal(err)
			}
			r := handlerstest.Pending()
			if r.Proposal, err = planners(d.catalog, d.book, d.world)[link.KindDisconnect].Plan(t.Context(), r.ID, raw); err != nil {
				t.Fatal(err)
			}
			r.Reason = "no longer needed"
			handlerstest.GoldenMessage(t, "card_disconnect_"+name, cards.Card(r, handlerstest.Missing(), handlerstest.Start))
		})
	}
}

func TestAnOrderIsAskedForOnce(t *testing.T) {
	d := newDesk(t)
	d.connected()
	d.finish(d.command(t.Context(), bot.Command{Text: "rotate search-eu", User: asker, Channel: "C0", TriggerID: "1"}))
	submit := func() any {
		v := d.slack.View("V1")
		return d.finish(d.changes.formSubmitted(t.Context(), bot.Submission{View: v, User: asker}))
	}
	if body := handlerstest.ToJSON(t, submit()); !strings.Contains(body, "say what it is for") && !strings.Contains(body, "Say what it is for") {
		t.Errorf("without a reason: %s", body)
	}
	d.slack.Set("V1", link.FieldReason, bot.Value{Text: "once a quarter"})
	for range 2 {
		if body := submit(); body != nil {
			t.Errorf("refused: %s", handlerstest.ToJSON(t, body))
		}
	}
	r, err := d.book.Get(t.Context(), "R1")
	if err != nil || r.Proposal.Kind != link.KindRotate || r.Reason != "once a quarter" {
		t.Fatalf("got %+v, %v", r, err)
	}
	handlerstest.Golden(t, "proposal_rotate", r.Proposal)
	if _, err := d.book.Get(t.Context(), "R2"); !errors.Is(err, change.ErrNotFound) {
		t.Error("it was asked for twice")
	}
}

func TestOrdersRefuseWhatIsNotTheirs(t *testing.T) {
	d := newDesk(t)
	for _, metadata := range []string{"", "{}", `{"subcommand":"nothing"}`, `{"subcommand":"rotate","x":1}`} {
		if _, err := d.changes.formSubmitted(t.Context(), bot.Submission{View: bot.View{Metadata: metadata}}); err == nil {
			t.Errorf("%q was taken", metadata)
		}
	}
	for _, value := range []string{"", "a", "a/b", "a/b/c evil"} {
		if _, err := d.changes.formPressed(t.Context(), bot.Action{ID: cards.ConnectionPrefix + "rotate", Value: bot.Value{Text: value}}); err == nil {
			t.Errorf("%q was taken", value)
		}
	}
}

func TestConnectionsAreSuggested(t *testing.T) {
	d := newDesk(t)
	d.connected()
	for typed, want := range map[string]bool{"": true, "SEARCH": true, "logs-prod/sea": true, "nothing": false} {
		body := handlerstest.ToJSON(t, d.finish(d.finder.suggestConnections(t.Context(), bot.Suggestion{Typed: typed})))
		if strings.Contains(body, name) != want {
			t.Errorf("%q: %s", typed, body)
		}
	}
}

func TestShortcutDiagnosesTheConnectionOfAMessage(t *testing.T) {
	d := newDesk(t)
	r := d.connected()
	d.book.Requests[r.ID] = r
	at, err := d.slack.Post(t.Context(), "C0REQUESTS", bot.Message{
		Text: "a card", Metadata: &bot.Metadata{Type: notify.MetadataType, Payload: map[string]any{"request": r.ID, "slot": notify.SlotCard}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.finish(d.inspect.diagnoseShortcut(t.Context(), bot.Shortcut{User: asker, Channel: at.Channel, Message: at.TS, TriggerID: "1"}))
	if m := d.shown(); !strings.Contains(m.Text, "no problems found") {
		t.Errorf("told %s", m.Text)
	}
	d.finish(d.inspect.diagnoseShortcut(t.Context(), bot.Shortcut{User: asker, Channel: "C0", Message: "1.2", TriggerID: "2"}))
	if s := d.slack.Shows("V2"); !strings.Contains(s, "Choose a connection") {
		t.Errorf("of a stranger's message: %s", s)
	}
}

func TestTheThreadIsFoundThoughTheCardCameLate(t *testing.T) {
	d := newDesk(t)
	r := d.connected()
	d.book.Records[0].Posted = nil
	d.book.Requests[r.ID] = r
	d.types("list")
	if !strings.Contains(handlerstest.ToJSON(t, d.shown().Blocks), "|thread>") {
		t.Error("there is no link to the thread")
	}
}
