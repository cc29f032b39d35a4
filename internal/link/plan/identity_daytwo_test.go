package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// identityFixture is a connection with strong identity verification that was made.
func identityFixture(t *testing.T, edit func(*scene)) *fixture {
	t.Helper()
	h := newFixture(t)
	s := identityScene(t, edit)
	h.scene = s
	h.connector = plan.NewConnectPlanner(s.catalog, steps.PlannerOptions{Env: "test", Registry: h.records()})
	h.roster = inventory.NewConnections(s.catalog, h.records(), inventory.ConnectionsOptions{Now: s.w.Now})
	t.Cleanup(h.roster.Wait)
	h.connect()
	return h
}

// demanded fails the test unless one key is active, and it demands the local cluster's certificate.
func (h *fixture) demanded() {
	h.t.Helper()
	h.granted(h.t)
	for _, k := range h.remote.ActiveKeys() {
		if k.Identity != localPattern {
			h.t.Errorf("the key demands %q", k.Identity)
		}
	}
	if set := h.local.Settings("logs"); set["persistent signing.certificate"] != "node.crt" || set["persistent signing.key"] != "node.key" {
		h.t.Errorf("settings %v", set)
	}
	if m := h.managed(); m.Identity != localPattern || m.Settings["signing.certificate"] != "node.crt" && !m.Adopted { // which can't be read
		h.t.Errorf("remembered %+v", m)
	}
	if !h.local.Connected("logs") {
		h.t.Error("not connected")
	}
}

func TestTheIdentityStaysThroughRotationAndUpdates(t *testing.T) {
	h := identityFixture(t, nil)
	h.demanded()
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}); err != nil {
		t.Fatal(err)
	}
	h.demanded()
	p := h.update()
	p.Access.Search = []string{"logs-*", "metrics-*"}
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), p); err != nil {
		t.Fatal(err)
	}
	h.demanded()
	h.remote.Disown() // so that a new key is made
	p.Access.Search, p.Compress = []string{"logs-*"}, "true"
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), p); err != nil {
		t.Fatal(err)
	}
	h.demanded()
}

func TestTheIdentityGoesWithTheConnection(t *testing.T) {
	h := identityFixture(t, nil)
	if _, err := h.run(plan.NewDisconnectPlanner(h.roster, h.o()), link.DisconnectParams{Local: h.local.Ref(), Alias: "logs"}); err != nil {
		t.Fatal(err)
	}
	h.clean(t)
}

// signedTwice is a connection with strong identity verification, and another one from the same place.
func signedTwice(t *testing.T) *fixture {
	t.Helper()
	h := identityFixture(t, nil)
	h.c.Alias = "second"
	h.connect()
	h.c.Alias = "logs"
	return h
}

func TestTheAuthorityGoesWithTheConnection(t *testing.T) {
	h := identityFixture(t, nil)
	if m := h.managed(); m.Authority != "internal_tls_ca.crt" {
		t.Errorf("remembered %+v", m)
	}
	contains(t, h.says("Also removed"), "that logs trusts signatures by internal_tls_ca.crt")
	h.disconnect("logs")
	h.clean(t)
	if files := h.remote.Believes(); len(files) > 0 {
		t.Errorf("it believes %q", files)
	}
}

// The one who ends last takes the authority along.
func TestAnAuthorityThatIsSharedGoesWithTheLast(t *testing.T) {
	h := signedTwice(t)
	contains(t, h.says("Not removed"), "trusts signatures by internal_tls_ca.crt: other keys there require a certificate", "second")
	h.disconnect("logs")
	if len(h.remote.Believes()) != 1 || !h.local.Connected("second") {
		t.Fatalf("the other connection is broken: it believes %q", h.remote.Believes())
	}
	h.disconnect("second")
	if files := h.remote.Believes(); len(files) > 0 {
		t.Errorf("it believes %q", files)
	}
}

func TestAuthoritiesThatAreNotOnlyTheConnectionsStay(t *testing.T) {
	const key = "signing/cloud/d-remote"
	for name, tt := range map[string]struct {
		stated string
		change func(*fixture)
		goes   string
		stays  string
		left   []string
		record bool
	}{
		"others' files": {"theirs.crt\n" + testCertificate, func(*fixture) {}, "internal_tls_ca.crt", "", []string{"theirs.crt"}, true},
		"nobody else's": {"none", func(*fixture) {}, "internal_tls_ca.crt", "", nil, false},
		"no record":     {"none", func(h *fixture) { delete(h.memos, key) }, "", "the bot has no record", []string{"internal_tls_ca.crt"}, false},
		"no privilege":  {"none", func(h *fixture) { h.remote.Weaken() }, "", "lacks the cluster privilege manage", []string{"internal_tls_ca.crt"}, true},
		"it can't be read": {"none", func(h *fixture) {
			h.w.Fail(linktest.Fault{Call: "IdentityKeys", Err: linktest.Forbidden("x", "IdentityKeys")})
		}, "", "couldn't read whether it is still used", []string{"internal_tls_ca.crt"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := identityFixture(t, func(s *scene) {
				s.remote.Upload("theirs.crt", s.remote)
				s.c.Identity.Others = tt.stated
			})
			tt.change(h)
			contains(t, h.says("Also removed"), tt.goes)
			contains(t, h.says("Not removed"), tt.stays)
			h.disconnect("logs")
			if diff := cmp.Diff(tt.left, h.remote.Believes(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("it believes (-want +got):\n%s", diff)
			}
			if _, record := h.memos[key]; record != tt.record {
				t.Errorf("on record: %v", h.memos[key])
			}
		})
	}
}

// What is on record needs no word of anybody, and comes along with what the next one states.
func TestTheRecordOfAuthoritiesGrows(t *testing.T) {
	h := identityFixture(t, nil)
	far := h.ech.AddDeployment("d-far", "far", "9.3.1")
	far.Edit(func(d *elastic.Deployment) { d.ClusterID, d.Region = strings.Repeat("ab", 16), "elsewhere" })
	const file = "/app/config/signing/cloud-elsewhere.crt"
	h.remote.Upload(file, far)
	c := h.c
	c.Local, c.Alias, c.Identity = far.Ref(), "far", &link.IdentityOptions{}
	if _, err := h.run(h.connector, c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"internal_tls_ca.crt", file}, h.remote.Believes()); diff != "" {
		t.Errorf("it believes (-want +got):\n%s", diff)
	}
	// The first from another alias finds its own on record: nothing is written.
	c.Local, c.Alias = h.local.Ref(), "third"
	r, err := h.propose(h.connector, c)
	if err != nil {
		t.Fatal(err)
	}
	if calls := r.Proposal.Step(steps.StepAddAuthority).Calls; len(calls) > 0 {
		t.Errorf("planned: %+v", calls)
	}
	if !slices.Contains(r.Proposal.Target, "signing/cloud/d-remote") {
		t.Errorf("locks %q", r.Proposal.Target)
	}
}

// What is remembered was approved with the plan: where it would be wrong, the change fails and is taken back.
func TestAnAuthorityThatHasComeToBeNeededStays(t *testing.T) {
	h := partingSigned(t)
	cluster, err := h.w.Systems()[1].Cluster(elastic.Deployment{Ref: h.remote.Ref()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.IssueKey(t.Context(), elastic.KeySpec{Name: "other", Access: elastic.Access{Search: []string{"*"}}, Identity: "CN=x"}); err != nil {
		t.Fatal(err)
	}
	contains(t, said(h.apply(t.Context(), steps.StepRemoveAuthority)), "must keep trusting signatures by internal_tls_ca.crt: other keys", "Submit again")
	if len(h.remote.Believes()) != 1 || len(h.journal[steps.StepRemoveAuthority]) > 0 {
		t.Errorf("it believes %q, noted %v", h.remote.Believes(), h.journal)
	}
}

func TestAnAuthorityThatCouldNotBePutBackIsNamed(t *testing.T) {
	h := partingSigned(t)
	h.applyAll(t, steps.StepRemoveAuthority)
	h.w.Fail(linktest.Fault{Call: "PutSettings", Err: linktest.Forbidden("x", "y")})
	left := leftover(t, h.undo(t.Context(), steps.StepRemoveAuthority))
	contains(t, left.What+left.Command, "not back to internal_tls_ca.crt", "PUT /_cluster/settings",
		`{"persistent":{"cluster.remote.signing.certificate_authorities":["internal_tls_ca.crt"]}}`)
}

func TestADisconnectThatFailsGrantsTheSameIdentityAgain(t *testing.T) {
	h := identityFixture(t, nil)
	h.remote.Disown()
	k := plan.NewDisconnectPlanner(h.roster, h.o())
	r, err := h.propose(k, link.DisconnectParams{Local: h.local.Ref(), Alias: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	todo := h.steps(r)
	journal := map[string]change.Evidence{}
	for _, s := range todo[:2] {
		if err := h.applyStep(s, journal); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range slices.Backward(todo[:2]) {
		if err := s.Undo(t.Context(), journal[s.Name()]); err != nil {
			t.Fatal(err)
		}
	}
	h.demanded()
}

func TestSigningThatWasStoppedIsDriftThatAnUpdateMends(t *testing.T) {
	h := identityFixture(t, nil)
	h.local.Unsign("logs")
	found, err := diagnose.NewChecker(h.roster, h.w.Now).Health(t.Context(), h.managed(), time.Hour)
	problems := found.Problems
	if err != nil || len(problems) != 2 || problems[0].Fix != link.KindUpdate {
		t.Fatalf("%v, %+v", err, problems)
	}
	contains(t, problems[0].Say, "doesn't sign with one", "no certificate was provided")
	contains(t, problems[1].Say, "signing.certificate is (none) and was approved as node.crt")
	_, err = h.propose(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30})
	contains(t, problem(t, err, link.FieldAlias), "no longer signs", "Update logs first")
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), h.update()); err != nil {
		t.Fatal(err)
	}
	h.demanded()
}

func TestAKeyThatDemandsAnotherCertificateIsReplaced(t *testing.T) {
	h := identityFixture(t, nil)
	old := h.remote.ActiveKeys()[0].ID
	h.remote.SetIdentity("CN=.*")
	found, err := diagnose.NewChecker(h.roster, h.w.Now).Health(t.Context(), h.managed(), time.Hour)
	problems := found.Problems
	if err != nil || len(problems) != 1 {
		t.Fatalf("%v, %+v", err, problems)
	}
	contains(t, problems[0].Say, "the key requires certificates of CN=.* and was approved for "+localPattern)
	if _, err := h.run(plan.NewUpdatePlanner(h.roster, h.o()), h.update()); err != nil {
		t.Fatal(err)
	}
	h.demanded()
	if h.remote.ActiveKeys()[0].ID == old {
		t.Error("the old key is still the one")
	}
}

func TestAnAdoptedKeyKeepsWhatItDemands(t *testing.T) {
	h := identityFixture(t, nil)
	name := h.remote.ActiveKeys()[0].Name
	clear(h.memos)
	if _, err := h.run(plan.NewAdoptPlanner(h.roster, h.o()), link.AdoptParams{Local: h.local.Ref(), Alias: "logs", KeyName: name}); err != nil {
		t.Fatal(err)
	}
	h.w.Advance(time.Minute)
	h.demanded()
	if _, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30}); err != nil {
		t.Fatal(err)
	}
	h.demanded()
}

func TestManagedConnectionsOfElasticCloudAreListed(t *testing.T) {
	h := identityFixture(t, nil)
	l := h.roster.List(t.Context(), "")
	if len(l.Connections) != 1 || l.Connections[0].Local.Name != "reports" || l.Connections[0].Managed == nil || len(l.Missing) > 0 {
		t.Errorf("%+v", l)
	}
	if l := h.roster.List(t.Context(), "something else"); len(l.Connections) > 0 {
		t.Errorf("%+v", l.Connections)
	}
}

func TestDiagnosisTellsApartWhatIsWrongWithAnIdentity(t *testing.T) {
	for text, say := range map[string]string{
		"requires certificate identity matching [CN=x], but no certificate was provided":                 "doesn't sign with one",
		"DN from provided certificate [CN=y] does not match API Key certificate identity pattern [CN=x]": "certificate of another cluster",
		"Failed to verify cross cluster api key signature certificate from [(CN=y)]":                     "does not trust the authority",
		"Invalid cross cluster api key signature from [(CN=y)]":                                          "presented none or the wrong one",
	} {
		d := diagnose.Explain(text, diagnose.Symptoms{Alias: "logs"})
		if d.Cause != link.CauseIdentity || !strings.Contains(d.Say, say) || d.Fix == "" {
			t.Errorf("%q: %+v", text, d)
		}
	}
}
