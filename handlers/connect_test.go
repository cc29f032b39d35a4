package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

// desk is handlers over a world, a workspace and a book.
type desk struct {
	*Handlers
	t       *testing.T
	slack   *handlerstest.Workspace
	book    *handlerstest.Outbox
	world   *linktest.World
	catalog *inventory.Catalog
	service *change.Service
	tabs    *shelf
	monitor *monitor.Monitor
	// onStatusChange is called when a check finds something new.
	onStatusChange *func(context.Context, link.ManagedConnection)
	checks         *handlerstest.MonitorStore
}

// finds notes a problem of a connection as the watch does; one that says nothing ends it.
func (d *desk) finds(n link.Name, p diagnose.Problem) {
	d.t.Helper()
	var found monitor.StatusRecord
	if p.Say != "" {
		found.Problems = []monitor.OpenProblem{{Kind: p.Kind, Say: p.Say}}
	}
	text, err := found.Encode()
	if err == nil {
		err = d.checks.FinishCheck(d.t.Context(), change.Check{Key: inventory.RecordKey(n)}, change.CheckResult{Status: text, Facets: found.Facets()})
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

var asker = bot.User{ID: "U0ASKER", Team: "T1"}

func newDesk(t *testing.T, configure ...func([]link.System)) *desk {
	t.Helper()
	w := linktest.NewWorld()
	w.AddECE("ece-prod").AddDeployment("a1", "logs-prod", "8.19.3")
	cloud := w.AddECH("cloud")
	cloud.AddDeployment("b2", "search-eu", "8.19.3")
	cloud.AddDeployment("b3", "search-us", "8.19.3")
	systems := w.Systems()
	for _, c := range configure {
		c(systems)
	}
	catalog := inventory.NewCatalog(systems, inventory.CatalogOptions{Now: w.Now})
	t.Cleanup(catalog.Wait)
	policy := change.Approvers{Name: "default", Users: []string{"U0ANNA", "U0BEN"}, Count: 1, Wait: cards.Day}
	b, s, n := handlerstest.NewOutbox(), handlerstest.NewWorkspace(t), 0
	service := change.NewService(b, change.Options{
		Policy: policy, Now: w.Now,
		Planners: planners(catalog, b, w),
		NewID:    func() string { n++; return fmt.Sprintf("R%d", n) },
	})
	roster := diagnose.NewChecker(inventory.NewConnections(catalog, b.Kept, inventory.ConnectionsOptions{Now: w.Now}), w.Now)
	t.Cleanup(roster.Wait)
	tabs := newShelf()
	checks := handlerstest.NewMonitorStore(b.Kept)
	changed := func(context.Context, link.ManagedConnection) {}
	watch := monitor.New(monitor.Options{
		OnStatusChange: func(ctx context.Context, m link.ManagedConnection) { changed(ctx, m) },
		Checker:        roster, Store: checks, Poster: s, Channel: "C0REQUESTS", Command: "/remote-cluster",
		Queues: []string{"ece-prod", "cloud"}, Owner: "one", Now: w.Now, Log: slog.New(slog.DiscardHandler),
	})
	d := &desk{
		Handlers: New(Options{
			Requests: service, Policy: policy, Lists: b, Directory: catalog, Slack: s, Connections: roster,
			Status: watch, Follows: tabs, OpenHomes: tabs,
			Channel: "C0REQUESTS", Command: "/remote-cluster", Log: slog.New(slog.DiscardHandler), Now: w.Now,
		}),
		t: t, slack: s, book: b, world: w, catalog: catalog, service: service, tabs: tabs, monitor: watch, onStatusChange: &changed, checks: checks,
	}
	d.with(func(*Options) {})
	return d
}

// with is the desk with other handlers, over some other options.
func (d *desk) with(change func(*Options)) {
	o := d.o
	change(&o)
	d.Handlers = New(o)
	d.tables.Refused.Store(true) // what most tests read are blocks that every workspace takes
	d.alerts.Refused.Store(true)
}

// finish checks an answer and does what it leaves for later.
func (d *desk) finish(a bot.Answer, err error) any {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	if a.Then != nil {
		if err := a.Then(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
	}
	return a.Body
}

func (d *desk) types(text string) any {
	d.t.Helper()
	return d.finish(d.command(d.t.Context(), bot.Command{Text: text, User: asker, Channel: "C0ELSEWHERE", TriggerID: "1", ResponseURL: "https://hooks"}))
}

const theModal = "V1"

func (d *desk) chooses(field, value, text string) {
	d.t.Helper()
	d.slack.Set(theModal, field, bot.Value{Option: bot.Option{Value: value, Text: text}})
	v := d.slack.View(theModal)
	d.finish(d.connect.connectChanged(d.t.Context(), bot.Action{ID: forms.ConnectPrefix + field, View: &v, User: asker}))
}

func (d *desk) togglesMore() {
	d.t.Helper()
	v := d.slack.View(theModal)
	d.finish(d.connect.connectMore(d.t.Context(), bot.Action{ID: forms.ActionMore, View: &v, User: asker}))
}

func (d *desk) fills(field, text string) {
	d.t.Helper()
	d.reveals(field)
	d.slack.Set(theModal, field, bot.Value{Text: text})
}

func (d *desk) text(field string) string {
	d.t.Helper()
	d.reveals(field)
	return d.slack.Get(theModal, field).Text
}

// reveals opens the advanced settings where the field is among them.
func (d *desk) reveals(field string) {
	d.t.Helper()
	if !d.slack.Has(theModal, field) {
		d.togglesMore()
	}
}

// submits returns the errors beside the fields, by field.
func (d *desk) submits() map[string]string {
	d.t.Helper()
	body := d.finish(d.connect.connectSubmitted(d.t.Context(), bot.Submission{View: d.slack.View(theModal), User: asker}))
	if body == nil {
		return nil
	}
	res, ok := body.(*slack.ViewSubmissionResponse)
	if !ok {
		d.t.Fatalf("answer %#v", body)
	}
	errs := map[string]string{}
	state := d.slack.View(theModal).State
	for block, say := range res.Errors {
		if _, ok := state[block]; !ok {
			d.t.Errorf("an error beside %q, which is no input of the modal: Slack would show none", block)
		}
		field, _, _ := strings.Cut(block, ":")
		errs[field] = say
	}
	return errs
}

func (d *desk) filledIn() {
	d.t.Helper()
	d.types("connect")
	d.chooses(link.FieldLocal, "ece-prod/a1", "logs-prod · 8.19.3 · ece-region")
	d.chooses(link.FieldRemote, "cloud/b2", "search-eu · 8.19.3 · ech-region")
	d.fills(link.FieldSearch, "logs-*\nmetrics-*, traces-*")
	d.fills(link.FieldReason, "dashboards")
}

func TestConnectOpensItsModalBeforeAnythingElse(t *testing.T) {
	d := newDesk(t)
	if body := d.types("connect"); body != nil {
		t.Errorf("answered %v", body)
	}
	if d.slack.Count("open") != 1 || len(d.world.Calls()) != 0 {
		t.Errorf("opened %d modals after the calls %v", d.slack.Count("open"), d.world.Calls())
	}
	handlerstest.Golden(t, "modal_connect_empty", d.slack.Modals[theModal].View)
}

func TestAModalThatCannotOpenIsExplained(t *testing.T) {
	d := newDesk(t)
	d.slack.Order("open", &bot.Error{Method: "views.open", Code: "expired_trigger_id", Kind: bot.Expired})
	if body := handlerstest.ToJSON(t, d.types("connect")); !strings.Contains(body, "Try once more") {
		t.Errorf("answered %s", body)
	}
}

func TestChoosingBothFillsTheRestIn(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	got := []string{d.text(link.FieldAlias), d.text(link.FieldAddress), d.text(link.FieldServerName)}
	if diff := cmp.Diff([]string{"search-eu", "search-eu.cloud.example:9443", "search-eu.cloud.example"}, got); diff != "" {
		t.Error(diff)
	}
	handlerstest.Golden(t, "modal_connect_filled", d.slack.Modals[theModal].View)
}

func TestWhatWasTypedStaysAndTheRestFollows(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	d.fills(link.FieldAlias, "mine")
	d.chooses(link.FieldRemote, "cloud/b3", "search-us")
	got := []string{d.text(link.FieldAlias), d.text(link.FieldAddress), d.text(link.FieldSearch)}
	if diff := cmp.Diff([]string{"mine", "search-us.cloud.example:9443", "logs-*\nmetrics-*, traces-*"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestGoingBackAndForthFillsInEachTime(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	for range 2 {
		d.chooses(link.FieldRemote, "cloud/b3", "search-us")
		if got := d.text(link.FieldAlias); got != "search-us" {
			t.Fatalf("alias %q", got)
		}
		d.chooses(link.FieldRemote, "cloud/b2", "search-eu")
		if got := d.text(link.FieldAlias); got != "search-eu" {
			t.Fatalf("alias %q", got)
		}
	}
}

func TestTheLaterChoiceWins(t *testing.T) {
	d := newDesk(t)
	d.types("connect")
	d.chooses(link.FieldLocal, "ece-prod/a1", "logs-prod")
	press := func(value string) func(context.Context) error {
		d.slack.Set(theModal, link.FieldRemote, bot.Value{Option: bot.Option{Value: value, Text: value}})
		v := d.slack.View(theModal)
		a, err := d.connect.connectChanged(t.Context(), bot.Action{View: &v})
		if err != nil {
			t.Fatal(err)
		}
		return a.Then
	}
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		both := []func(context.Context) error{press("cloud/b2"), press("cloud/b3")}
		for _, i := range order {
			if err := both[i](t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := d.text(link.FieldAlias); got != "search-us" {
			t.Errorf("in the order %v the alias is %q", order, got)
		}
	}
	if len(d.connect.views.last) != 0 {
		t.Errorf("turns are kept: %v", d.connect.views.last)
	}
}

func TestAConflictingRedrawIsMadeOnceMore(t *testing.T) {
	d := newDesk(t)
	d.types("connect")
	d.slack.Order("updateView", &bot.Error{Method: "views.update", Code: "hash_conflict", Kind: bot.Conflict})
	d.chooses(link.FieldLocal, "ece-prod/a1", "logs-prod")
	d.chooses(link.FieldRemote, "cloud/b2", "search-eu")
	if got := d.text(link.FieldAlias); got != "search-eu" {
		t.Errorf("alias %q", got)
	}
}

func TestAdvancedSettingsSurviveHiding(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	d.togglesMore()
	d.fills(link.FieldSockets, "12")
	d.fills(link.FieldPing, "30s")
	d.slack.Set(theModal, link.FieldCompress, bot.Value{Option: bot.Option{Value: "true"}})
	handlerstest.Golden(t, "modal_connect_advanced", d.slack.Modals[theModal].View)
	d.togglesMore()
	if d.slack.Has(theModal, link.FieldSockets) {
		t.Error("the advanced settings are still shown")
	}
	d.togglesMore()
	if got := []string{d.text(link.FieldSockets), d.text(link.FieldPing)}; got[0] != "12" || got[1] != "30s" {
		t.Errorf("kept %q", got)
	}
	d.togglesMore()
	if errs := d.submits(); errs != nil {
		t.Fatal(errs)
	}
	r, _ := d.book.Get(t.Context(), "R1")
	c, ok := cards.Connection(r)
	if !ok || c.ProxySockets != 12 || c.PingSchedule != "30s" || c.Compress != "true" {
		t.Errorf("asked for %+v", c)
	}
}

func TestAHiddenFieldsProblemShowsBesideTheReason(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	d.togglesMore()
	d.fills(link.FieldPing, "often")
	d.togglesMore()
	if errs := d.submits(); !strings.Contains(errs[link.FieldReason], "ping") {
		t.Errorf("errors %v", errs)
	}
}

func TestPreselectsWhatWasTyped(t *testing.T) {
	d := newDesk(t)
	d.types(`connect logs-prod “search-eu”`)
	if got := d.slack.Get(theModal, link.FieldLocal).Option.Value; got != "ece-prod/a1" {
		t.Errorf("local %q", got)
	}
	if got := d.text(link.FieldAlias); got != "search-eu" {
		t.Errorf("alias %q", got)
	}
}

func TestPreselectingWhatIsNotClearSaysSo(t *testing.T) {
	d := newDesk(t)
	d.types("connect logs-prod search")
	if shown := d.slack.Shows(theModal); !strings.Contains(shown, "2 deployments fit “search”") {
		t.Errorf("the modal shows %s", shown)
	}
}

func TestSubmittingTwiceAsksOnce(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	for range 2 {
		if errs := d.submits(); errs != nil {
			t.Fatal(errs)
		}
	}
	if d.book.Len() != 1 {
		t.Errorf("%d requests", d.book.Len())
	}
	r, err := d.book.Get(t.Context(), "R1")
	if err != nil {
		t.Fatal(err)
	}
	c, _ := cards.Connection(r)
	want := link.ConnectParams{
		Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Remote: elastic.Ref{Platform: "cloud", Deployment: "b2"},
		Alias: "search-eu", ProxyAddress: "search-eu.cloud.example:9443", ServerName: "search-eu.cloud.example",
		Access: elastic.Access{Search: []string{"logs-*", "metrics-*", "traces-*"}}, ExpiryDays: 90, SkipUnavailable: true,
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if r.Reason != "dashboards" || r.Requester.User != "U0ASKER" || r.Requester.Channel != "C0ELSEWHERE" {
		t.Errorf("asked as %+v: %s", r.Requester, r.Reason)
	}
	if !strings.Contains(d.slack.Said(), "<#C0REQUESTS>") {
		t.Errorf("the requester was told %q", d.slack.Said())
	}
}

func TestProblemsShowBesideTheirFields(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	d.fills(link.FieldAlias, "Not An Alias")
	d.fills(link.FieldSearch, "UPPER")
	d.fills(link.FieldReason, "  ")
	errs := d.submits()
	for _, field := range []string{link.FieldAlias, link.FieldSearch, link.FieldReason} {
		if errs[field] == "" {
			t.Errorf("nothing beside %s: %v", field, errs)
		}
	}
	if d.book.Len() != 0 {
		t.Error("it was stored")
	}
}

func TestAHeldTargetIsNamedWithItsHolder(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	d.submits()
	d.book.Edit("R1", func(r *change.Request) {
		r.Messages = map[string]change.Message{notify.SlotCard: {Channel: "C0REQUESTS", ID: "1700000000.000100"}}
	})
	v := d.slack.View(theModal)
	v.ID = "V2" // another modal, filled in the same way
	for _, c := range []struct {
		by  bot.User
		say string
	}{{ben, "by <@U0ASKER> already covers this"}, {asker, "Your earlier request `R1` already covers this"}} {
		a, err := d.connect.connectSubmitted(t.Context(), bot.Submission{View: v, User: c.by})
		body := handlerstest.ToJSON(t, d.finish(a, err))
		if !strings.Contains(body, "R1") || !strings.Contains(body, `"Alias: `) {
			t.Errorf("beside the field: %s", body)
		}
		for _, want := range []string{c.say, "`R1`", "https://example.slack.com/archives/C0REQUESTS/p1700000000000100"} {
			if !strings.Contains(d.slack.Said(), want) {
				t.Errorf("told without %s: %s", want, d.slack.Said())
			}
		}
	}
}

func TestAnOutageLosesNothing(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	d.book.SetDown(change.ErrUnavailable)
	if errs := d.submits(); !strings.Contains(errs[link.FieldReason], "Nothing is lost: submit or press again") {
		t.Errorf("memory down: %v", errs)
	}
	d.book.SetDown(nil)
	fault := linktest.Fault{On: "cloud", Call: "Deployment", Err: linktest.Unavailable("cloud", "GET /deployments/b2"), Times: 1}
	d.world.Fail(fault)
	if errs := d.submits(); !strings.Contains(errs[link.FieldRemote], "Submit again") {
		t.Errorf("platform down: %v", errs)
	}
	d.world.Heal()
	if errs := d.submits(); errs != nil {
		t.Errorf("when all is well again: %v", errs)
	}
}

func TestAStrangersMetadataIsRefused(t *testing.T) {
	for _, bad := range []string{"", "x", "{}x", `{"unknown":1}`, `{"blocks":{"alias":"reason"}}`} {
		if m, err := forms.ParseConnectMetadata(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, m)
		}
	}
}

func TestTheLongestModalFitsSlack(t *testing.T) {
	f, m := forms.NewConnect(), forms.ConnectMetadata{Channel: "C0123456789", More: true}
	f.Local = bot.Option{Value: strings.Repeat("p", 100) + "/" + strings.Repeat("d", 49), Text: handlerstest.Nasty(200)}
	f.Remote = f.Local
	for _, field := range []string{link.FieldSearch, link.FieldReplication, link.FieldReason, link.FieldSockets, link.FieldPing} {
		f.Texts[field] = handlerstest.Nasty(9000)
	}
	m.Fill(&f, link.ConnectParams{Alias: handlerstest.Nasty(300), ProxyAddress: handlerstest.Nasty(400), ServerName: handlerstest.Nasty(400)})
	m.Pair = f.Pair()
	for range forms.MaxNotes {
		m.Notes = append(m.Notes, handlerstest.Nasty(300))
	}
	for _, more := range []bool{true, false} {
		m.More = more
		m.Keep(f)
		v := forms.ConnectModal(f, m)
		if err := handlerstest.CheckModal(v); err != nil {
			t.Error(err)
		}
		harmlessBlocks(t, "modal", v.Blocks.BlockSet)
		if _, err := forms.ParseConnectMetadata(v.PrivateMetadata); err != nil {
			t.Error(err)
		}
	}
}

// edits presses "Edit and request again" on the card of a request of the asker's.
func (d *desk) edits(id string) {
	d.t.Helper()
	r, err := d.book.Get(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	a := pressed(asker, r)
	a.TriggerID = "1"
	d.finish(d.connect.edit(d.t.Context(), a))
}

func TestEditingWithAnotherDeploymentKeepsNothingOfTheOldOne(t *testing.T) {
	for name, tt := range map[string]struct{ alias, want string }{
		"suggested":   {"search-eu", "search-us"},
		"numbered":    {"search-eu-2", "search-us"},
		"by a person": {"dashboards", "dashboards"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.filledIn()
			d.fills(link.FieldAlias, tt.alias)
			d.submits()
			d.edits("R1")
			if got := d.text(link.FieldAlias); got != tt.alias {
				t.Fatalf("opened with the alias %q", got)
			}
			d.chooses(link.FieldRemote, "cloud/b3", "search-us")
			got := []string{d.text(link.FieldAlias), d.text(link.FieldAddress), d.text(link.FieldServerName), d.text(link.FieldSearch)}
			if diff := cmp.Diff([]string{tt.want, "search-us.cloud.example:9443", "search-us.cloud.example", "logs-*\nmetrics-*\ntraces-*"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEditingWithAnotherDeploymentTrustsItAndNotTheOldOne(t *testing.T) {
	d := newDesk(t)
	for _, one := range d.world.Deployments() {
		one.Edit(func(x *elastic.Deployment) { x.Version, x.ClusterID = "8.12.1", remoteID[:30]+x.Deployment })
	}
	d.types("connect")
	d.chooses(link.FieldLocal, "ece-prod/a1", "logs-prod")
	d.chooses(link.FieldRemote, "cloud/b2", "search-eu")
	d.clicks(forms.ActionCertificates)
	d.fills(link.FieldReason, "old")
	if errs := d.submits(); len(errs) > 0 {
		t.Fatal(errs)
	}
	d.edits("R1")
	d.chooses(link.FieldRemote, "cloud/b3", "search-us")
	if got := d.text(link.FieldClusters); got != remoteID[:30]+"b3" {
		t.Errorf("it would trust %q", got)
	}
}
