package plan_test

import (
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

func TestAnErrorThatSomebodySawIsDiagnosed(t *testing.T) {
	const noPrivileges = "action [indices:data/read/search] towards remote cluster [logs] is unauthorized for user [dana]\n with effective roles [viewer] " +
		"because no remote indices privileges apply for the target cluster"
	const notAllowed = "action [indices:data/read/search] towards remote cluster is unauthorized for user [dana] with assigned roles [r] on indices [x]"
	for name, c := range map[string]struct {
		heard string
		hurt  func(*fixture)
		cause link.Cause // empty: no problems found
		fix   change.Kind
		last  string
		todo  string
	}{
		"no role at all": {noPrivileges, nil, link.CauseNoPrivileges, link.KindUpdate, "unauthorized for user [dana] with", "Give that user a role with remote_indices"},
		"a role that the user lacks": {noPrivileges, func(h *fixture) {
			h.local.SetRoles(elastic.RemoteRole{Name: "readers", Clusters: []string{"logs"}, Indices: []elastic.RemoteIndices{
				{Clusters: []string{"logs"}, Names: []string{"*"}, Privileges: []string{"read"}},
			}})
		}, link.CauseNoPrivileges, "", "no remote indices privileges", "one of the roles that may search it: readers"},
		"an index that is not granted": {notAllowed, nil, link.CauseNotAllowed, link.KindUpdate, "on indices [x]", "Compare the key's access"},
		"over by now":                  {"unable to authenticate user [abc] for action", nil, "", "", "does not accept the key: it is wrong, invalidated or expired. That is not the case now.", ""},
		"unknown":                      {"the moon is full", nil, "", "", "the bot doesn't know it: the moon is full", ""},
		"nothing":                      {"  \n", nil, "", "", "", ""},
		"something else comes first":   {noPrivileges, func(h *fixture) { h.local.Unput(entry) }, link.CauseNoKey, link.KindRotate, "is not in the keystore", "keystore"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t)
			h.connect()
			if c.hurt != nil {
				c.hurt(h)
			}
			x := h.examine()
			diagnose.WithReportedError(&x, c.heard)
			contains(t, x.Checks[len(x.Checks)-1].Say, c.last)
			if c.cause == "" {
				if x.Diagnosis != nil {
					t.Fatalf("diagnosis %+v", x.Diagnosis)
				}
				return
			}
			if x.Diagnosis == nil || x.Diagnosis.Cause != c.cause || x.Fix != c.fix || x.Evidence == "" {
				t.Fatalf("diagnosis %+v, fix %q", x.Diagnosis, x.Fix)
			}
			contains(t, x.Diagnosis.Fix, c.todo)
		})
	}
}
