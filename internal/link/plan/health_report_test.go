package plan_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
)

func (h *fixture) examine() diagnose.HealthReport {
	h.t.Helper()
	x, err := diagnose.NewChecker(h.roster, h.w.Now).Diagnose(h.t.Context(), link.Name{Local: h.local.Ref(), Alias: "logs"})
	if err != nil {
		h.t.Fatal(err)
	}
	return x
}

func TestExamineFindsNothingWhereAllIsWell(t *testing.T) {
	h := newFixture(t)
	h.connect()
	x := h.examine()
	if x.Diagnosis != nil || len(x.Checks) < 8 {
		t.Errorf("checks %+v, diagnosis %+v", x.Checks, x.Diagnosis)
	}
	if problems := h.health(); len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
}

func (h *fixture) health() []diagnose.Problem {
	h.t.Helper()
	found, err := diagnose.NewChecker(h.roster, h.w.Now).Health(h.t.Context(), h.managed(), 14*24*time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	if found.Local == "" {
		h.t.Error("the local cluster has no name")
	}
	return found.Problems
}

func TestExamineNamesTheFirstCauseItsEvidenceAndTheFix(t *testing.T) {
	for name, c := range map[string]struct {
		hurt     func(*fixture)
		cause    link.Cause
		evidence string
		fix      change.Kind
	}{
		"wrong port": {func(h *fixture) {
			h.local.Set("logs", "proxy_address", "logs.cloud.example:9400")
		}, link.CausePort, "logs.cloud.example:9400", link.KindUpdate},
		"expired key":   {func(h *fixture) { h.w.Advance(100 * 24 * time.Hour) }, link.CauseBadKey, "was due to expire on", link.KindRotate},
		"invalid key":   {func(h *fixture) { h.remote.Invalidate() }, link.CauseBadKey, "no valid key", link.KindRotate},
		"no key":        {func(h *fixture) { h.local.Unput(entry) }, link.CauseNoKey, "is not in the keystore", link.KindRotate},
		"other key":     {func(h *fixture) { h.local.Put(entry, "other") }, link.CauseBadKey, "unable to authenticate user", link.KindRotate},
		"server name":   {func(h *fixture) { h.local.Set("logs", "server_name", "x.example") }, link.CauseServerName, "x.example", link.KindUpdate},
		"access":        {func(h *fixture) { h.remote.Narrow("other-*") }, link.CauseNotAllowed, "does not grant logs-*, only other-*", link.KindUpdate},
		"stopped":       {func(h *fixture) { h.remote.Edit(func(d *elastic.Deployment) { d.Status = "stopped" }) }, link.CauseStopped, "is stopped", ""},
		"gone":          {func(h *fixture) { h.ech.Remove("d-remote") }, link.CauseGone, "no longer exists", link.KindDisconnect},
		"license":       {func(h *fixture) { h.remote.SetLicense(elastic.License{Type: "basic", Active: true}) }, link.CauseLicense, "basic", ""},
		"made by hand":  {func(h *fixture) { h.memos = nil; h.remote.Invalidate() }, link.CauseBadKey, "unable to authenticate", link.KindAdopt},
		"old versions":  {func(h *fixture) { h.remote.Edit(func(d *elastic.Deployment) { d.Version = "8.13.0" }) }, link.CauseVersions, "8.13", ""},
		"settings gone": {func(h *fixture) { h.local.Unset("logs") }, link.CauseNotSet, "has no remote cluster", link.KindRotate},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t)
			h.connect()
			c.hurt(h)
			h.w.Advance(time.Minute)
			x := h.examine()
			if x.Diagnosis == nil {
				t.Fatalf("nothing was found: %+v", x.Checks)
			}
			if x.Diagnosis.Cause != c.cause || x.Fix != c.fix {
				t.Errorf("cause %s, fix %q, want %s, %q", x.Diagnosis.Cause, x.Fix, c.cause, c.fix)
			}
			contains(t, x.Evidence, c.evidence)
			if last := x.Checks[len(x.Checks)-1]; last.OK {
				t.Errorf("went on after the first cause: %+v", x.Checks)
			}
		})
	}
}

// Where address and server name are right, the certificate is for the remote side to mend: an update would change nothing.
func TestAForeignCertificateIsMendedOnTheRemoteSide(t *testing.T) {
	for _, managed := range []bool{true, false} {
		h := newFixture(t)
		h.connect()
		if !managed {
			h.memos = nil
		}
		h.remote.SetCertificateName("proxy.example")
		x := h.examine()
		if x.Diagnosis == nil || x.Diagnosis.Cause != link.CauseServerName || x.Fix != "" || x.FixWhy != "" {
			t.Fatalf("managed %t: diagnosis %+v, fix %q", managed, x.Diagnosis, x.Fix)
		}
		contains(t, x.Diagnosis.Fix, "Check on the remote side which certificate is presented")
		if managed {
			if _, err := h.propose(plan.NewUpdatePlanner(h.roster, h.o()), diagnose.FixParams(x.ConnectionState, link.CauseServerName)); err == nil {
				t.Error("an update would have changed something")
			}
		}
	}
}

// A status that says "it works" does not show the sockets of before it was used.
func TestExamineShowsTheSocketsThatItsUseHasOpened(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.local.Idle()
	x := h.examine()
	if x.Diagnosis != nil || !x.Info.Connected || x.Info.Sockets != 18 || !x.Listed {
		t.Errorf("diagnosis %+v, info %+v", x.Diagnosis, x.Info)
	}
	if p := h.health(); len(p) > 0 {
		t.Errorf("problems: %v", p)
	}
}

// What the diagnosis offers mends what it found.
func TestTheFixMends(t *testing.T) {
	for name, c := range map[string]struct {
		hurt func(*fixture)
		mend func(*fixture) error
	}{
		"wrong port": {
			func(h *fixture) { h.local.Set("logs", "proxy_address", "logs.cloud.example:9400") },
			func(h *fixture) error {
				x := h.examine()
				_, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), diagnose.FixParams(x.ConnectionState, link.CausePort))
				return err
			},
		},
		"no key": {func(h *fixture) { h.local.Unput(entry) }, func(h *fixture) error {
			_, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 90})
			return err
		}},
		"settings gone": {func(h *fixture) { h.local.Unset("logs") }, func(h *fixture) error {
			_, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 90})
			return err
		}},
		"drift": {func(h *fixture) { h.local.Set("logs", "skip_unavailable", "true") }, func(h *fixture) error {
			x := h.examine()
			_, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), diagnose.Approved(x.ConnectionState))
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t)
			h.connect()
			c.hurt(h)
			if p := h.health(); len(p) == 0 {
				t.Error("the watch sees nothing")
			}
			if err := c.mend(h); err != nil {
				t.Fatal(err)
			}
			if p := h.health(); len(p) > 0 {
				t.Errorf("it is not well: %+v", p)
			}
			h.granted(t)
		})
	}
}

func TestHealthTellsLostExpiringAndDrift(t *testing.T) {
	h := newFixture(t)
	h.connect()
	h.local.Set("logs", "skip_unavailable", "true")
	h.w.Advance(80 * 24 * time.Hour)
	var troubles []diagnose.ProblemKind
	for _, p := range h.health() {
		troubles = append(troubles, p.Kind)
	}
	if !slices.Equal(troubles, []diagnose.ProblemKind{diagnose.ProblemExpiring, diagnose.ProblemDrifted}) {
		t.Errorf("got %v", troubles)
	}
	h.remote.Invalidate()
	if p := h.health(); p[0].Kind != diagnose.ProblemDown || p[0].Fix != link.KindRotate {
		t.Errorf("got %+v", p)
	}
	h.w.Fail(linktest.Fault{Call: "RemoteSettings"})
	if p, err := diagnose.NewChecker(h.roster, h.w.Now).Health(t.Context(), h.managed(), time.Hour); err == nil {
		t.Errorf("a read that failed is news: %v", p)
	}
}

func TestListTellsManagedFromHandMadeAndWhatIsMissing(t *testing.T) {
	h := newFixture(t)
	h.connect()
	second := h.ece.AddDeployment("d-second", "second", "8.15.1")
	second.Trusting()
	for option, value := range map[string]string{"mode": "proxy", "proxy_address": "logs.cloud.example:9400", "server_name": "logs.cloud.example"} {
		second.Set("hand", option, value)
	}
	h.ece.AddDeployment("d-third", "third", "8.15.1")
	h.w.Fail(linktest.Fault{Call: "RemoteInfo", On: "ece-prod/d-third"})
	l := h.roster.List(t.Context(), "")
	if l.Asked != 3 || len(l.Connections) != 2 || len(l.Missing) != 1 || l.Missing[0].Local.Name != "third" {
		t.Fatalf("got %+v", l)
	}
	hand, mine := l.Connections[1], l.Connections[0]
	if mine.Local.Name != "search-onprem" {
		hand, mine = mine, hand
	}
	if mine.Managed == nil || mine.Model() != inventory.ByKey || !mine.Info.Connected || mine.Remote == nil || mine.Remote.Name != "logs" {
		t.Errorf("the bot's own: %+v", mine)
	}
	if hand.Managed != nil || hand.Model() != inventory.ByCertificate || hand.Remote == nil {
		t.Errorf("made by hand: %+v", hand)
	}
	if l := h.roster.List(t.Context(), "SECOND"); len(l.Connections) != 1 || l.Asked != 1 {
		t.Errorf("filtered: %+v", l)
	}
	h.local.Unset("logs")
	h.w.Advance(time.Minute)
	if l := h.roster.List(t.Context(), "search"); len(l.Connections) != 1 || !l.Connections[0].Gone {
		t.Errorf("what was removed by hand: %+v", l.Connections)
	}
}

// What the bot manages stays in the list where a cluster, or a whole platform, gives no answer: only its state is not
// known.
func TestListKeepsManagedConnectionsThatCannotBeAsked(t *testing.T) {
	for name, c := range map[string]struct {
		fault   linktest.Fault
		missing int
		down    int
	}{
		"the cluster":  {linktest.Fault{Call: "RemoteInfo"}, 1, 0},
		"the platform": {linktest.Fault{Call: "Search", On: "ece-prod"}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t)
			h.connect()
			r := inventory.NewConnections(h.catalog, h.records(), inventory.ConnectionsOptions{Now: h.w.Now})
			t.Cleanup(r.Wait)
			h.w.Fail(c.fault)
			l := r.List(t.Context(), "")
			if len(l.Connections) != 1 || len(l.Missing) != c.missing || len(l.Down) != c.down {
				t.Fatalf("got %+v", l)
			}
			one := l.Connections[0]
			if !one.Unread || one.Gone || one.Info.Connected || one.Model() != inventory.ByKey || one.Local.Name != "search-onprem" || one.Remote == nil {
				t.Errorf("got %+v", one)
			}
			for _, m := range l.Missing {
				if strings.Contains(m.Why, m.Local.Name) {
					t.Errorf("the reason of one is not that of others: %s", m.Why)
				}
			}
			if l := r.List(t.Context(), "nothing-like-it"); len(l.Connections) != 0 {
				t.Errorf("filtered: %+v", l.Connections)
			}
			if got := r.Migratable(t.Context(), h.local.Ref()); len(got) > 0 {
				t.Errorf("nobody knows that it uses certificates: %v", got)
			}
		})
	}
}

// Memos of earlier versions know no names: ids stand in for them.
func TestManagedConnectionsKeepTheirNames(t *testing.T) {
	h := newFixture(t)
	h.connect()
	if m := h.managed(); m.On() != "search-onprem" || m.To() != "logs" {
		t.Errorf("on %s, to %s", m.On(), m.To())
	}
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}); err != nil {
		t.Fatal(err)
	}
	m := h.managed()
	if m.On() != "search-onprem" || m.To() != "logs" {
		t.Errorf("after a change: on %s, to %s", m.On(), m.To())
	}
	m.LocalName, m.RemoteName = "", ""
	if m.On() != "ece-prod/d-local" || m.To() != "cloud/d-remote" {
		t.Errorf("of an old memo: on %s, to %s", m.On(), m.To())
	}
}

// With 100 ms for every call of a platform or cluster, the connections of 500 are there within three seconds: the clock
// is a fake one, so that only the order of the calls counts, never the machine.
func TestListOf500TakesFewRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency = 100 * time.Millisecond
		w := linktest.NewWorld()
		ece := w.AddECE("ece-prod")
		w.AddECH("cloud").AddDeployment("d-remote", "logs", "8.15.1")
		for i := range 500 {
			d := ece.AddDeployment(fmt.Sprintf("d%04d", i), fmt.Sprintf("local-%04d", i), "8.15.1")
			d.Set("logs", "mode", "proxy")
			d.Set("logs", "proxy_address", "logs.cloud.example:9443")
		}
		for _, call := range []string{"Search", "Deployment"} {
			w.Fail(linktest.Fault{Call: call, Slow: latency})
		}
		gauge := &linktest.Gauge{Latency: latency}
		catalog := inventory.NewCatalog(gauge.Around(w.Systems()), inventory.CatalogOptions{Now: time.Now})
		r := inventory.NewConnections(catalog, noRecords(), inventory.ConnectionsOptions{Now: time.Now})
		begun := time.Now()
		l := r.List(t.Context(), "")
		if took := time.Since(begun); took > 3*time.Second || took < latency {
			t.Errorf("it took %v: %v rounds", took, took/latency)
		}
		if len(l.Connections) != 500 || len(l.Missing) > 0 || l.Connections[499].Remote == nil {
			t.Errorf("%d connections, %d missing", len(l.Connections), len(l.Missing))
		}
		r.Wait()
		catalog.Wait()
	})
}

// noRecords is a registry of nothing.
func noRecords() changetest.Records {
	return changetest.Records{All: func() ([]change.StoredRecord, error) { return nil, nil }}
}

// manyClusters is an ECE whose clusters take a moment to answer, and notes how many are asked at once.
func manyClusters(tb testing.TB, n, parallel int, latency time.Duration) (*inventory.Connections, *linktest.Gauge) {
	tb.Helper()
	r, gauge, _ := manyClustersOf(tb, n, parallel, latency)
	return r, gauge
}

func manyClustersOf(tb testing.TB, n, parallel int, latency time.Duration) (*inventory.Connections, *linktest.Gauge, *inventory.Catalog) {
	tb.Helper()
	w := linktest.NewWorld()
	ece := w.AddECE("ece-prod")
	for i := range n {
		d := ece.AddDeployment(fmt.Sprintf("d%04d", i), fmt.Sprintf("local-%04d", i), "8.15.1")
		d.Set("logs", "mode", "proxy")
		d.Set("logs", "proxy_address", "logs.cloud.example:9443")
	}
	gauge := &linktest.Gauge{Latency: latency}
	catalog := inventory.NewCatalog(gauge.Around(w.Systems()), inventory.CatalogOptions{Now: time.Now})
	r := inventory.NewConnections(catalog, noRecords(), inventory.ConnectionsOptions{Now: time.Now, Parallel: parallel})
	tb.Cleanup(r.Wait)
	tb.Cleanup(catalog.Wait)
	return r, gauge, catalog
}

// While a thousand clusters are read, anyone who chooses a deployment or looks at one connection waits for their own calls alone.
func TestASweepDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, catalog := manyClustersOf(t, 1000, 0, 100*time.Millisecond)
		swept := make(chan struct{})
		go func() {
			defer close(swept)
			r.List(t.Context(), "")
		}()
		time.Sleep(500 * time.Millisecond)
		for what, look := range map[string]func() error{
			"suggestions": func() error {
				if found := catalog.Find(t.Context(), "local-0999", 10); len(found.Deployments) != 1 {
					return fmt.Errorf("found %+v", found)
				}
				return nil
			},
			"status": func() error {
				s, err := r.State(t.Context(), link.Name{Local: elastic.Ref{Platform: "ece-prod", Deployment: "d0998"}, Alias: "logs"})
				if err == nil && s.Info.Mode != "proxy" {
					err = fmt.Errorf("read %+v", s.Info)
				}
				return err
			},
		} {
			begun := time.Now()
			err := look()
			if took := time.Since(begun); err != nil || took >= time.Second {
				t.Errorf("%s took %v: %v", what, took, err)
			}
		}
		select {
		case <-swept:
			t.Error("the sweep was over")
		default:
		}
		<-swept
	})
}

// A thousand clusters that take 100 ms each: a first page comes within two seconds, all of them within twenty, and two who
// ask at once share one sweep.
func TestAThousandClustersAreListedInTime(t *testing.T) {
	const clusters = 1000
	synctest.Test(t, func(t *testing.T) {
		r, gauge, _ := manyClustersOf(t, clusters, 0, 100*time.Millisecond)
		begun := time.Now()
		soon, cancel := context.WithTimeout(t.Context(), 1800*time.Millisecond)
		defer cancel()
		if first := r.List(soon, ""); len(first.Connections) < 10 || time.Since(begun) > 2*time.Second {
			t.Errorf("after %v there are %d connections", time.Since(begun), len(first.Connections))
		}
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if all := r.List(t.Context(), ""); len(all.Connections) != clusters || len(all.Missing) > 0 {
					t.Errorf("%d connections, %d missing", len(all.Connections), len(all.Missing))
				}
			})
		}
		both.Wait()
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("all of them took %v", took)
		}
		if asked := gauge.Asked(); asked != clusters {
			t.Errorf("%d clusters were asked, want each once", asked)
		}
	})
}

func TestListAsksManyClustersAtOnceButNotAll(t *testing.T) {
	r, gauge := manyClusters(t, 60, 8, 5*time.Millisecond)
	l := r.List(t.Context(), "")
	if len(l.Connections) != 60 || len(l.Missing) > 0 {
		t.Errorf("%d connections, missing %v", len(l.Connections), l.Missing)
	}
	if most := gauge.Most(); most < 4 || most > 8 {
		t.Errorf("at most %d were asked at once, want up to 8", most)
	}
	before := gauge.Asked()
	r.List(t.Context(), "")
	if gauge.Asked() != before {
		t.Error("what was read a moment ago was read again")
	}
}

func TestListTellsWhatHasNotAnsweredYet(t *testing.T) {
	r, gauge := manyClusters(t, 20, 4, 50*time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer cancel()
	l := r.List(ctx, "")
	if len(l.Missing) == 0 || len(l.Connections)+len(l.Missing) != 20 {
		t.Errorf("%d connections, %d missing", len(l.Connections), len(l.Missing))
	}
	for _, m := range l.Missing {
		if !strings.Contains(m.Why, "not answer in time") {
			t.Errorf("missing: %s", m.Why)
		}
	}
	if l := r.List(t.Context(), ""); len(l.Connections) != 20 || gauge.Asked() != 20 {
		t.Errorf("the second look: %d connections, %d clusters asked", len(l.Connections), gauge.Asked())
	}
}

// BenchmarkList lists the connections of few and of many clusters that take 100 ms each, with nothing known: how many it
// tells of in its first 1.8 seconds, when it has all, and how long suggestions and the status of a connection take
// meanwhile.
func BenchmarkList(b *testing.B) {
	for _, clusters := range []int{100, 1000} {
		b.Run(fmt.Sprintf("clusters=%d", clusters), func(b *testing.B) {
			var first int
			var whole, suggestions, status time.Duration
			for range b.N {
				r, _, catalog := manyClustersOf(b, clusters, 0, 100*time.Millisecond)
				begun := time.Now()
				var asking sync.WaitGroup
				asking.Go(func() {
					time.Sleep(200 * time.Millisecond) // the sweep is under way
					at := time.Now()
					catalog.Find(b.Context(), "local-0099", 10)
					suggestions += time.Since(at)
					at = time.Now()
					if _, err := r.State(b.Context(), link.Name{Local: elastic.Ref{Platform: "ece-prod", Deployment: "d0098"}, Alias: "logs"}); err != nil {
						b.Error(err)
					}
					status += time.Since(at)
				})
				ctx, cancel := context.WithTimeout(b.Context(), 1800*time.Millisecond)
				first += len(r.List(ctx, "").Connections)
				cancel()
				if l := r.List(b.Context(), ""); len(l.Connections) != clusters {
					b.Fatalf("%d connections", len(l.Connections))
				}
				whole += time.Since(begun)
				asking.Wait()
			}
			n := float64(b.N)
			b.ReportMetric(float64(first)/n, "first")
			b.ReportMetric(whole.Seconds()/n, "whole-s")
			b.ReportMetric(suggestions.Seconds()*1000/n, "suggestions-ms")
			b.ReportMetric(status.Seconds()*1000/n, "status-ms")
		})
	}
}

// A connection that replicates is judged by the rule for that, and not by the table for search.
func TestVersionsOfAReplicationAreExamined(t *testing.T) {
	for version, say := range map[string]string{"8.13.0": "", "8.17.0": "a follower must run the leader's version or a later one"} {
		h := newFixture(t)
		h.c.Access = elastic.Access{Replication: []string{"logs-*"}}
		h.connect()
		h.remote.Edit(func(d *elastic.Deployment) { d.Version = version })
		x := h.examine()
		if (x.Diagnosis == nil) != (say == "") || !strings.Contains(x.Evidence, say) {
			t.Errorf("%s: %+v, %s", version, x.Diagnosis, x.Evidence)
		}
	}
}

// Of a thousand clusters that take 100 ms each, a second list tells what the first has read within a second, though all
// is old by then, and says how old; lists during a sweep begin no other, and what somebody chooses from is there at once.
func TestAListKeepsWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clusters, latency = 1000, 100 * time.Millisecond
		r, gauge := manyClusters(t, clusters, 0, latency)
		list := func(within time.Duration) (inventory.Listing, time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			begun := time.Now()
			return r.List(ctx, ""), time.Since(begun)
		}
		if l, took := list(time.Second); len(l.Missing) == 0 || len(l.Missing) == clusters || took > 1100*time.Millisecond {
			t.Errorf("at first %d of %d are missing, after %v", len(l.Missing), clusters, took)
		}
		begun := time.Now()
		for range 10 { // somebody presses Refresh, and types
			list(300 * time.Millisecond)
		}
		if l, _ := list(20 * time.Second); len(l.Missing) > 0 || len(l.Connections) != clusters || l.Old > 0 || time.Since(begun) > 20*time.Second {
			t.Errorf("after %v %d are missing, %d old", time.Since(begun), len(l.Missing), l.Old)
		}
		if n := gauge.Asked(); n != clusters {
			t.Errorf("%d calls for %d clusters", n, clusters)
		}
		time.Sleep(time.Hour)
		read := time.Now().Add(-time.Hour)
		gauge.Latency = 3 * time.Second // the platform has become slow
		l, took := list(time.Minute)
		if len(l.Missing) > 0 || len(l.Connections) != clusters || took > 1100*time.Millisecond {
			t.Errorf("the second list: %d missing, after %v", len(l.Missing), took)
		}
		if l.Old != clusters || l.AsOf.After(read) || read.Sub(l.AsOf) > time.Minute {
			t.Errorf("%d are said to be old, as of %v", l.Old, l.AsOf)
		}
		if _, took := list(time.Minute); took > 10*time.Millisecond {
			t.Errorf("during a sweep, what is known took %v", took)
		}
		if n := gauge.Asked(); n > 2*clusters {
			t.Errorf("%d calls in two sweeps of %d clusters", n, clusters)
		}
	})
}
