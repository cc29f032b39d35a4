package plan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// kind is what plans a kind of change.
type kind interface{ change.Planner }

// fixture is a scene with a memory: what applied requests leave is remembered, as a store does.
type fixture struct {
	*scene
	t     *testing.T
	memos map[string]change.StoredRecord
	n     int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return fixtureOf(t, newScene())
}

func fixtureOf(t *testing.T, s *scene) *fixture {
	t.Helper()
	h := &fixture{scene: s, t: t, memos: map[string]change.StoredRecord{}}
	h.connector = plan.NewConnectPlanner(h.catalog, steps.PlannerOptions{Env: "test", Registry: h.records()})
	h.roster = inventory.NewConnections(h.catalog, h.records(), inventory.ConnectionsOptions{Now: h.w.Now})
	t.Cleanup(h.roster.Wait)
	return h
}

// records are the memos as a registry has them.
func (h *fixture) records() changetest.Records {
	return changetest.Records{Index: inventory.IndexRecord, All: func() ([]change.StoredRecord, error) {
		return slices.Collect(maps.Values(h.memos)), nil
	}}
}

func (h *fixture) o() steps.PlannerOptions { return steps.PlannerOptions{Env: "test"} }

// steps are those of an approved change, as a worker has them that has just claimed it.
func (h *fixture) steps(r *change.Request) []step { return built(h.roster, h.o(), r.Proposal.Steps) }

// plan works a change out.
func (h *fixture) propose(k kind, params any) (*change.Request, error) {
	h.t.Helper()
	raw, err := json.Marshal(params)
	if err != nil {
		h.t.Fatal(err)
	}
	h.n++
	id := fmt.Sprintf("req%d", h.n)
	p, err := k.Plan(h.t.Context(), id, raw)
	if err != nil {
		return nil, err
	}
	return &change.Request{ID: id, Proposal: p, Requester: change.Actor{User: "U1"}, Decisions: []change.Decision{
		{Kind: change.DecisionApprove, By: change.Actor{User: "U2"}, Digest: p.Digest, Policy: "rules"},
	}}, nil
}

// run applies a change as the executor does: retried while errors are temporary, taken back when one is not. It
// returns the error that ended it and what could not be taken back.
func (h *fixture) run(k kind, params any) (left []string, err error) {
	h.t.Helper()
	r, err := h.propose(k, params)
	if err != nil {
		h.t.Fatalf("planning: %v", err)
	}
	again, err := k.Plan(h.t.Context(), r.ID, r.Proposal.Params)
	if err != nil || again.Digest != r.Proposal.Digest {
		h.t.Fatalf("planned again, the same world gives another plan: %v\n%+v\n%+v", err, r.Proposal, again)
	}
	return h.carryOut(r)
}

// carryOut applies an approved change.
func (h *fixture) carryOut(r *change.Request) (left []string, err error) {
	h.t.Helper()
	todo := h.steps(r)
	journal := map[string]change.Evidence{}
	for i, s := range todo {
		if err = h.applyStep(s, journal); err == nil {
			continue
		}
		for _, s := range slices.Backward(todo[:i+1]) {
			undo := s.Undo(h.t.Context(), maps.Clone(journal[s.Name()]))
			for range 8 {
				if undo == nil || !change.IsTemporary(undo) {
					break
				}
				undo = s.Undo(h.t.Context(), maps.Clone(journal[s.Name()]))
			}
			if undo != nil {
				left = append(left, leftover(h.t, undo).What)
			}
		}
		return left, err
	}
	for _, kept := range r.StoredRecords(h.w.Now()) {
		if len(kept.Value) == 0 {
			delete(h.memos, kept.Key)
		} else {
			h.memos[kept.Key] = kept
		}
	}
	return nil, nil
}

func (h *fixture) applyStep(s step, journal map[string]change.Evidence) error {
	var err error
	for range 8 {
		had := maps.Clone(journal[s.Name()])
		err = s.Apply(h.t.Context(), had, func(_ context.Context, e change.Evidence) error {
			merged := maps.Clone(e)
			maps.Copy(merged, journal[s.Name()])
			journal[s.Name()] = merged
			return nil
		})
		if err == nil || !change.IsTemporary(err) {
			return err
		}
	}
	return err
}

// connect makes the scene's connection.
func (h *fixture) connect() {
	h.t.Helper()
	if _, err := h.run(h.connector, h.c); err != nil {
		h.t.Fatalf("connecting: %v", err)
	}
	h.w.Advance(time.Minute) // what was read before is old
}

func (h *fixture) managed() link.ManagedConnection {
	h.t.Helper()
	return h.managedAs("logs")
}

func (h *fixture) managedAs(alias string) link.ManagedConnection {
	h.t.Helper()
	all, err := h.roster.ManagedAt(h.t.Context(), link.Name{Local: h.local.Ref(), Alias: alias})
	if err != nil {
		h.t.Fatal(err)
	}
	return all[link.Name{Local: h.local.Ref(), Alias: alias}]
}

func TestRotatePutsANewKeyInPlaceWhileSearchesGoOn(t *testing.T) {
	h := newFixture(t)
	h.connect()
	old := h.remote.ActiveKeys()[0]
	watch := h.w.Watch(h.local, "logs")
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}); err != nil {
		t.Fatal(err)
	}
	if len(watch.Bad) > 0 || watch.Looks < 15 {
		t.Errorf("%d searches, and these failed: %v", watch.Looks, watch.Bad)
	}
	h.granted(t)
	if now := h.remote.ActiveKeys()[0]; now.ID == old.ID {
		t.Error("the old key is still the one")
	}
	if names := h.local.Keystore(); len(names) != 1 || names[0] != entry {
		t.Errorf("keystore: %v", names)
	}
	if set := h.local.Settings(steps.ProbeAlias("req2", "logs")); len(set) > 0 {
		t.Errorf("the probe's settings are left: %v", set)
	}
	m := h.managed()
	if m.KeyName != h.remote.ActiveKeys()[0].Name || m.KeyDays != 30 || m.Maker() != "U1" || m.FirstRequest != "req1" {
		t.Errorf("remembered %+v", m)
	}
}

func TestRotateLeavesTheOldKeyWhereTheNewOneDoesNotWork(t *testing.T) {
	h := newFixture(t)
	h.connect()
	old := h.remote.ActiveKeys()[0]
	watch := h.w.Watch(h.local, "logs")
	// Every new key is refused: it is made invalid as soon as it is stored.
	h.w.Fail(linktest.Fault{Call: "PutSettings", Meanwhile: func() {
		for _, k := range h.remote.ActiveKeys() {
			if k.ID != old.ID {
				h.remote.InvalidateKey(k.ID)
			}
		}
	}})
	left, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30})
	if err == nil || len(left) > 0 {
		t.Fatalf("got %v, left behind: %v", err, left)
	}
	contains(t, said(err), "does not accept the key")
	if len(watch.Bad) > 0 {
		t.Errorf("searches failed: %v", watch.Bad)
	}
	h.granted(t)
	if now := h.remote.ActiveKeys(); now[0].ID != old.ID {
		t.Errorf("the key is %v, want the old one", now)
	}
}

// A crash after any call: another worker goes on with the journal, and in the end there is one key, and it works.
func TestRotateSurvivesACrashAfterAnyCall(t *testing.T) {
	for n := 1; ; n++ {
		h := newFixture(t)
		h.connect()
		k := plan.NewRotatePlanner(h.roster, h.o())
		r, err := h.propose(k, link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30})
		if err != nil {
			t.Fatal(err)
		}
		watch := h.w.Watch(h.local, "logs")
		h.w.CrashAfter(n)
		journal := map[string]change.Evidence{}
		crashed := false
		for range 2 {
			var err error
			for _, s := range h.steps(r) {
				if err = h.applyStep(s, journal); err != nil {
					break
				}
			}
			if was := h.w.Restart(); !was {
				if err != nil {
					t.Fatalf("crash after call %d: %v", n, err)
				}
				break
			}
			crashed = true
		}
		if len(watch.Bad) > 0 {
			t.Errorf("crash after call %d: searches failed: %v", n, watch.Bad[0])
		}
		h.granted(t)
		if names := h.local.Keystore(); len(names) != 1 {
			t.Errorf("crash after call %d: keystore %v", n, names)
		}
		if !crashed {
			return
		}
	}
}

func TestUpdateChangesTheAccessInPlaceWhereTheBotOwnsTheKey(t *testing.T) {
	h := newFixture(t)
	h.connect()
	old := h.remote.ActiveKeys()[0]
	p := h.update()
	p.Access.Search = []string{"logs-*", "metrics-*"}
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), p); err != nil {
		t.Fatal(err)
	}
	now := h.remote.ActiveKeys()
	if len(now) != 1 || now[0].ID != old.ID || !slices.Contains(h.remote.Access(old.ID).Search, "metrics-*") {
		t.Errorf("keys %v, access %v", now, h.remote.Access(old.ID))
	}
	if m := h.managed(); !slices.Contains(m.Access.Search, "metrics-*") || !m.KeyExpires().Equal(old.Expires) {
		t.Errorf("remembered %+v, expires %v, want %v", m, m.KeyExpires(), old.Expires)
	}
	h.remote.Disown()
	expiryIsKept(t, h, old.Expires)
}

// expiryIsKept makes another update, by which a new key takes the old one's place, for as many days.
func expiryIsKept(t *testing.T, h *fixture, was time.Time) {
	t.Helper()
	h.w.Advance(24 * time.Hour)
	k, p := plan.NewUpdatePlanner(h.roster, h.o()), h.update()
	p.Access.Search = []string{"traces-*"}
	r, err := h.propose(k, p)
	if err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(r.Proposal.Warnings, "\n"); strings.Contains(said, "never expires") {
		t.Errorf("warnings: %s", said)
	}
	if _, err := h.run(k, p); err != nil {
		t.Fatal(err)
	}
	keys := h.remote.ActiveKeys()
	if len(keys) != 1 || !keys[0].Expires.After(was) || !h.managed().KeyExpires().Equal(keys[0].Expires) {
		t.Errorf("keys %+v, remembered %v", keys, h.managed().KeyExpires())
	}
}

func TestUpdateMakesANewKeyWhereSomebodyElseOwnsIt(t *testing.T) {
	h := newFixture(t)
	h.connect()
	old := h.remote.ActiveKeys()[0]
	h.remote.Disown()
	watch := h.w.Watch(h.local, "logs")
	p := h.update()
	p.Access.Search, p.Compress = []string{"logs-*", "metrics-*"}, "true"
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), p); err != nil {
		t.Fatal(err)
	}
	now := h.remote.ActiveKeys()
	if len(now) != 1 || now[0].ID == old.ID || len(watch.Bad) > 0 {
		t.Errorf("keys %v, searches failed: %v", now, watch.Bad)
	}
	if got := h.local.Settings("logs")["persistent transport.compress"]; got != "true" {
		t.Errorf("compress is %q", got)
	}
}

func TestUpdateTakesEverythingBackWhenTheConnectionBreaks(t *testing.T) {
	h := newFixture(t)
	h.connect()
	before, old := h.local.Settings("logs"), h.remote.ActiveKeys()[0]
	p := h.update()
	p.Access.Search, p.ServerName, p.Elsewhere = []string{"other-*"}, "elsewhere.example", true
	left, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), p)
	if err == nil || len(left) > 0 {
		t.Fatalf("got %v, left %v", err, left)
	}
	if now := h.local.Settings("logs"); !maps.Equal(before, now) {
		t.Errorf("settings: %v, want %v", now, before)
	}
	if got := h.remote.Access(old.ID).Search; !slices.Equal(got, []string{"logs-*"}) {
		t.Errorf("the key may read %v", got)
	}
}

func TestUpdateRefusesToChangeNothing(t *testing.T) {
	h := newFixture(t)
	h.connect()
	_, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), h.update())
	contains(t, problem(t, err, link.FieldAlias), "nothing would change")
}

func (h *fixture) update() link.UpdateParams {
	h.t.Helper()
	e, err := h.roster.State(h.t.Context(), link.Name{Local: h.local.Ref(), Alias: "logs"})
	if err != nil {
		h.t.Fatal(err)
	}
	return link.PrefillUpdate(e)
}

func TestDisconnectLeavesNothing(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.local.SetTasks(
		elastic.Task{Kind: elastic.TaskFollower, Name: "logs-copy", Aliases: []string{"logs"}}, elastic.Task{Kind: elastic.TaskFollower, Name: "other", Aliases: []string{"x"}},
		elastic.Task{Kind: elastic.TaskTransform, Name: "daily", Sources: []string{"local", "lo*:logs-*"}}, elastic.Task{Kind: elastic.TaskWatch, Name: "elsewhere", Sources: []string{"logs", "x:logs"}},
	)
	h.local.SetRoles(elastic.RemoteRole{Name: "analysts", Clusters: []string{"logs"}})
	k := plan.NewDisconnectPlanner(h.roster, h.o())
	r, err := h.propose(k, link.DisconnectParams{Local: h.local.Ref(), Alias: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	contains(t, strings.Join(r.Proposal.Warnings, "\n"), "follower index logs-copy, transform daily, role analysts", "before the key is invalidated, everything is restored")
	if _, err := h.run(k, link.DisconnectParams{Local: h.local.Ref(), Alias: "logs"}); err != nil {
		t.Fatal(err)
	}
	h.clean(t)
	if m := h.managed(); m.Alias != "" {
		t.Errorf("still remembered: %+v", m)
	}
}

func TestDisconnectIsUndoneWithAKeyThatWorks(t *testing.T) {
	h := newFixture(t)
	h.connect()
	before := h.local.Settings("logs")
	h.w.Fail(linktest.Fault{Call: "InvalidateKeys", Times: 1, Err: linktest.Forbidden("cloud", "InvalidateKeys")})
	left, err := h.run(plan.NewDisconnectPlanner(h.roster, h.o()), link.DisconnectParams{Local: h.local.Ref(), Alias: "logs"})
	if err == nil || len(left) > 0 {
		t.Fatalf("got %v, left %v", err, left)
	}
	h.granted(t)
	if now := h.local.Settings("logs"); !maps.Equal(before, now) || !h.local.Connected("logs") {
		t.Errorf("settings %v, connected %v", now, h.local.Connected("logs"))
	}
}

func TestUndoingADisconnectKeepsAnEntryThatCameMeanwhile(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.w.Fail(linktest.Fault{Call: "InvalidateKeys", Times: 1, Err: linktest.Forbidden("cloud", "InvalidateKeys")})
	h.w.Fail(linktest.Fault{Call: "IssueKey", Times: 1, Meanwhile: func() { h.local.Put(entry, "theirs") }})
	keys := len(h.remote.ActiveKeys())
	left, err := h.run(plan.NewDisconnectPlanner(h.roster, h.o()), link.DisconnectParams{Local: h.local.Ref(), Alias: "logs"})
	if err == nil || len(left) != 1 || !strings.Contains(left[0], "someone put a key for logs into the keystore") {
		t.Fatalf("got %v, left %v", err, left)
	}
	if !h.local.Holds(entry, "theirs") {
		t.Error("their entry was overwritten")
	}
	if n := len(h.remote.ActiveKeys()); n != keys {
		t.Errorf("%d keys are active, and were %d", n, keys)
	}
}

func TestAdoptChangesNothingAndRemembers(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.memos = map[string]change.StoredRecord{} // as if somebody had made it by hand
	k := plan.NewAdoptPlanner(h.roster, h.o())
	if _, err := h.propose(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs"}); err == nil {
		t.Error("a connection made by hand was rotated")
	} else {
		contains(t, problem(t, err, link.FieldAlias), "adopt it first")
	}
	key := h.remote.ActiveKeys()[0]
	calls := h.writes()
	if _, err := h.run(k, link.AdoptParams{Local: h.local.Ref(), Alias: "logs", KeyName: key.Name}); err != nil {
		t.Fatal(err)
	}
	if h.writes() != calls {
		t.Error("adopting wrote something")
	}
	m := h.managed()
	if m.KeyDays != 90 {
		t.Errorf("its key lives for %d days", m.KeyDays)
	}
	if !m.Adopted || m.KeyName != key.Name || m.Remote != h.remote.Ref() || !m.KeyExpires().Equal(key.Expires) || len(m.Access.Search) != 1 {
		t.Errorf("remembered %+v", m)
	}
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 90}); err != nil {
		t.Errorf("rotating what was adopted: %v", err)
	}
	h.granted(t)
}

func (h *fixture) writes() int {
	n := 0
	for _, call := range []string{
		"PutSettings", "StoreSecret", "RemoveSecret", "IssueKey", "InvalidateKeys", "UpdateKeyAccess",
		"SetTrust", "PutRole", "DeleteRole", "Attach", "Detach", "CreateRuleset", "DeleteRuleset",
	} {
		n += h.w.Count(call)
	}
	return n
}

// byCertificate sets a connection of the old kind, by hand.
func (h *fixture) byCertificate(alias string, to *linktest.Deployment, host string) {
	h.local.Trusting()
	for option, value := range map[string]string{"mode": "proxy", "proxy_address": host + ":9400", "server_name": host, "skip_unavailable": "false"} {
		h.local.Set(alias, option, value)
	}
	if !h.local.Connected(alias) {
		h.t.Fatalf("%s is not connected to %s", alias, to)
	}
}

func TestMigrateGoesFromCertificateToKeyUnderTheSameAlias(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	h.local.Set("logs", "node.attr", "x") // somebody else's option stays
	_, err := h.run(plan.NewMigratePlanner(h.roster, h.o()), link.MigrateParams{
		Local: h.local.Ref(), Aliases: []string{"logs"}, Access: elastic.Access{Search: []string{"logs-*"}}, ExpiryDays: 90,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.granted(t)
	set := h.local.Settings("logs")
	if set["persistent proxy_address"] != "logs.cloud.example:9443" || set["persistent skip_unavailable"] != "false" || set["persistent node.attr"] != "x" {
		t.Errorf("settings: %v", set)
	}
	if m := h.managed(); m.Remote != h.remote.Ref() || m.KeyName == "" {
		t.Errorf("remembered %+v", m)
	}
}

// Settings that come before the nodes have read the key make a connection without one, and searches fail until they have.
func TestMigrateChangesSettingsOnlyOnceTheNodesHaveReadTheKey(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	_, err := h.run(plan.NewMigratePlanner(h.roster, h.o()), link.MigrateParams{
		Local: h.local.Ref(), Aliases: []string{"logs"}, Access: elastic.Access{Search: []string{"logs-*"}}, ExpiryDays: 90,
	})
	if err != nil {
		t.Fatal(err)
	}
	stored, read := 0, false
	for _, c := range h.w.Calls() {
		switch c.Name {
		case "StoreSecret": // the probe's, then the alias's own
			stored, read = stored+1, false
		case "ReloadSecureSettings":
			read = true
		case "PutSettings":
			if stored == 2 && !read {
				t.Fatal("the settings were changed before the nodes were told to read the key")
			}
		}
	}
	if stored != 2 {
		t.Errorf("%d keys were stored", stored)
	}
}

func TestMigrateOfManyIsTakenBackAsAWholeWhenOneFails(t *testing.T) {
	h := newFixture(t)
	other := h.ech.AddDeployment("d-other", "metrics", "8.15.3")
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	h.byCertificate("metrics", other, "metrics.cloud.example")
	if got := h.roster.Migratable(t.Context(), h.local.Ref()); !slices.Equal(got, []string{"logs", "metrics"}) {
		t.Fatalf("migratable: %v", got)
	}
	k := plan.NewMigratePlanner(h.roster, h.o())
	p := link.MigrateParams{Local: h.local.Ref(), Aliases: []string{"metrics", "logs"}, Access: elastic.Access{Search: []string{"*"}}, ExpiryDays: 90}
	h.w.Fail(linktest.Fault{Call: "IssueKey", On: "cloud/d-other", Err: linktest.Forbidden("metrics", "IssueKey")})
	before := []map[string]string{h.local.Settings("logs"), h.local.Settings("metrics")}
	left, err := h.run(k, p)
	if err == nil || len(left) > 0 {
		t.Fatalf("got %v, left %v", err, left)
	}
	if !maps.Equal(before[0], h.local.Settings("logs")) || !maps.Equal(before[1], h.local.Settings("metrics")) ||
		!h.local.Connected("logs") || !h.local.Connected("metrics") || len(h.local.Keystore()) > 0 || len(h.remote.ActiveKeys()) > 0 {
		t.Errorf("not as before: %v %v %v", h.local.Settings("logs"), h.local.Keystore(), h.remote.ActiveKeys())
	}
	h.w.Heal()
	if _, err := h.run(k, p); err != nil {
		t.Fatal(err)
	}
	if names := h.local.Keystore(); len(names) != 2 || !h.local.Connected("logs") || !h.local.Connected("metrics") {
		t.Errorf("keystore %v", names)
	}
}

// A migration decides what keys may read, as a connect does: its card says what is wide, and nothing that nobody asked.
func TestMigrateSaysWhatTheKeysMayRead(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	k := plan.NewMigratePlanner(h.roster, h.o())
	p := link.MigrateParams{Local: h.local.Ref(), Aliases: []string{"logs"}, Access: elastic.Access{Search: []string{"*"}}, ExpiryDays: 90}
	r, err := h.propose(k, p)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, strings.Join(r.Proposal.Warnings, "\n"), "may search every index of its remote cluster (*)")
	if !slices.Contains(r.Proposal.Fields, change.Field{Label: "Keys may replicate", Value: "nothing"}) {
		t.Errorf("fields: %v", r.Proposal.Fields)
	}
	p.Access = elastic.Access{Search: []string{"logs-*"}, Replication: []string{"*"}}
	if r, err = h.propose(k, p); err != nil {
		t.Fatal(err)
	}
	contains(t, strings.Join(r.Proposal.Warnings, "\n"), "may replicate every index of its remote cluster (*)")
	if strings.Contains(strings.Join(r.Proposal.Warnings, "\n"), "may search every") {
		t.Errorf("warnings: %v", r.Proposal.Warnings)
	}
}

// One that is looked at alone must not speak for the others: a policy judges each remote side by its own traits.
func TestMigrateOfManyTellsThePolicyOfEachRemoteSide(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	h.byCertificate("metrics", h.ech.AddDeployment("d-other", "prod-payments", "8.15.3"), "prod-payments.cloud.example")
	p := link.MigrateParams{Local: h.local.Ref(), Aliases: []string{"logs", "metrics"}, Access: elastic.Access{Search: []string{"*"}}}
	r, err := h.propose(plan.NewMigratePlanner(h.roster, h.o()), p)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, part := range r.Proposal.Parts {
		got = append(got, part.Name+" "+strings.Join(part.Traits["remote.name"], ",")+" "+strings.Join(part.Traits["kind"], ","))
	}
	if want := []string{"logs logs migrate", "metrics prod-payments migrate"}; !slices.Equal(got, want) || r.Proposal.Traits != nil {
		t.Errorf("parts %q and traits %v, want %q", got, r.Proposal.Traits, want)
	}
	p.Aliases = []string{"metrics"}
	if r, err = h.propose(plan.NewMigratePlanner(h.roster, h.o()), p); err != nil {
		t.Fatal(err)
	}
	if one := r.Proposal; len(one.Parts) > 0 || !slices.Equal(one.Traits["remote.name"], []string{"prod-payments"}) {
		t.Errorf("a single one has parts %v and traits %v", one.Parts, one.Traits)
	}
}

// People look for a change by what they call either side of it.
func TestAChangeMentionsBothSides(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("metrics", h.ech.AddDeployment("d-other", "metrics", "8.15.3"), "metrics.cloud.example")
	h.connect()
	logs := map[string]any{"local": h.local.Ref(), "alias": "logs"}
	both := []string{"d-local", "ece-prod/d-local", "d-remote", "logs"}
	for name, c := range map[string]struct {
		k      kind
		params any
		want   []string
	}{
		"rotate":     {plan.NewRotatePlanner(h.roster, h.o()), logs, both},
		"disconnect": {plan.NewDisconnectPlanner(h.roster, h.o()), logs, both},
		"migrate": {plan.NewMigratePlanner(h.roster, h.o()), link.MigrateParams{
			Local: h.local.Ref(), Aliases: []string{"metrics"}, Access: elastic.Access{Search: []string{"*"}},
		}, []string{"d-local", "d-other", "cloud/d-other", "metrics"}},
	} {
		r, err := h.propose(c.k, c.params)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := link.Mentions(r.Proposal)
		for _, want := range c.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: %q is not among %q", name, want, got)
			}
		}
	}
}

// Nodes that are slow to read their keystore go on with the old key, which must stay valid until they have read it.
func TestRotateWaitsUntilTheNodesHaveReadTheNewKey(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.local.SlowNodes()
	watch := h.w.Watch(h.local, "logs")
	if left, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}); err != nil {
		t.Fatal(err, left)
	}
	if len(watch.Bad) > 0 {
		t.Errorf("searches failed: %v", watch.Bad)
	}
	h.granted(t)
	if !h.local.Connected("logs") {
		t.Error("it is not connected")
	}
}

// A connection by certificates is broken as long as the nodes hold a key for it, so taking back waits for them.
func TestAMigrationIsTakenBackOnlyOnceTheNodesHaveLetGoOfTheKey(t *testing.T) {
	h := newFixture(t)
	other := h.ech.AddDeployment("d-other", "metrics", "8.15.3")
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	h.byCertificate("metrics", other, "metrics.cloud.example")
	h.local.SlowNodes()
	h.w.Fail(linktest.Fault{Call: "IssueKey", On: "cloud/d-other", Err: linktest.Forbidden("metrics", "IssueKey")})
	p := link.MigrateParams{Local: h.local.Ref(), Aliases: []string{"logs", "metrics"}, Access: elastic.Access{Search: []string{"*"}}}
	if left, err := h.run(plan.NewMigratePlanner(h.roster, h.o()), p); err == nil || len(left) > 0 {
		t.Fatalf("got %v, left %v", err, left)
	}
	if !h.local.Connected("logs") {
		t.Error("it was called taken back, and does not connect")
	}
}

// A connection by certificates is looked after too; what is for keys alone says what to do instead.
func TestAManagedConnectionByCertificates(t *testing.T) {
	h := newFixture(t)
	h.byCertificate("logs", h.remote, "logs.cloud.example")
	if _, err := h.run(plan.NewAdoptPlanner(h.roster, h.o()), link.AdoptParams{Local: h.local.Ref(), Alias: "logs"}); err != nil {
		t.Fatal(err)
	}
	if p := h.health(); len(p) > 0 {
		t.Errorf("problems: %+v", p)
	}
	for kind, k := range map[string]kind{"rotate": plan.NewRotatePlanner(h.roster, h.o()), "update": plan.NewUpdatePlanner(h.roster, h.o())} {
		_, err := h.propose(k, map[string]any{"local": h.local.Ref(), "alias": "logs"})
		if err == nil {
			t.Fatalf("%s: it was planned", kind)
		}
		contains(t, problem(t, err, link.FieldAlias), "migrate it to an API key first")
	}
	_, err := h.run(plan.NewMigratePlanner(h.roster, h.o()), link.MigrateParams{
		Local: h.local.Ref(), Aliases: []string{"logs"}, Access: elastic.Access{Search: []string{"logs-*"}}, ExpiryDays: 90,
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := h.managed(); !m.Adopted || m.KeyName == "" {
		t.Errorf("remembered %+v", m)
	}
	h.granted(t)
}
