package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func TestAProbesAliasIsNobodyElses(t *testing.T) {
	long := strings.Repeat("a", elastic.MaxAlias-1)
	seen := map[string]string{}
	for _, of := range [][2]string{
		{"req1", "logs"}, {"req2", "logs"}, {"req1", "logs-req2"}, {"req1", long + "x"}, {"req1", long + "y"}, {"req2", long + "y"},
	} {
		probe := steps.ProbeAlias(of[0], of[1])
		if len(probe) > elastic.MaxAlias || !strings.Contains(probe, of[0]) || seen[probe] != "" {
			t.Errorf("%v: %s (%s)", of, probe, seen[probe])
		}
		if elastic.CheckAlias(probe) == nil {
			t.Errorf("people may choose %s", probe)
		}
		seen[probe] = of[0]
	}
	for _, name := range []string{"logs-rcb-probe", "-rcb-probe", "Logs-rcb-probe-rcb-probe"} {
		if alias := elastic.SuggestAlias(name, func(string) bool { return false }); elastic.CheckAlias(alias) != nil {
			t.Errorf("%s is suggested for %s", alias, name)
		}
	}
}

// What stands under the probe's alias is not the bot's: it is neither overwritten nor removed.
func TestARotationLeavesWhatStandsUnderTheProbesAlias(t *testing.T) {
	probe := steps.ProbeAlias("req2", "logs")
	for name, put := range map[string]func(*fixture){
		"an entry": func(h *fixture) { h.local.Put(elastic.CredentialsName(probe), "theirs") },
		"settings": func(h *fixture) { h.local.Set(probe, "mode", "proxy") },
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t)
			h.connect()
			put(h)
			keystore, settings, keys := h.local.Keystore(), h.local.Settings(probe), len(h.remote.ActiveKeys())
			left, err := h.run(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30})
			if err == nil || len(left) > 0 || !strings.Contains(err.Error(), probe+" is there already") {
				t.Errorf("got %v, left %v", err, left)
			}
			if now := h.local.Keystore(); !slices.Equal(now, keystore) || len(h.local.Settings(probe)) != len(settings) || len(h.remote.ActiveKeys()) != keys {
				t.Errorf("keystore %v, settings %v, keys %v", now, h.local.Settings(probe), h.remote.ActiveKeys())
			}
		})
	}
}

func TestARotationHoldsItsProbesAlias(t *testing.T) {
	h := newFixture(t)
	h.connect()
	r, err := h.propose(plan.NewRotatePlanner(h.roster, h.o()), link.RotateParams{Local: h.local.Ref(), Alias: "logs", ExpiryDays: 30})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{link.Target(h.local.Ref(), "logs"), link.Target(h.local.Ref(), steps.ProbeAlias(r.ID, "logs"))}; !slices.Equal(r.Proposal.Target, want) {
		t.Errorf("targets %v, want %v", r.Proposal.Target, want)
	}
}

func TestMoreAliasesThanCanBeShownAreRefused(t *testing.T) {
	h := newFixture(t)
	p := link.MigrateParams{Local: h.local.Ref(), Access: elastic.Access{Search: []string{"logs-*"}}, ExpiryDays: 90}
	for i := range link.MaxMigrated + 1 {
		p.Aliases = append(p.Aliases, strings.Repeat("a", i+1))
	}
	_, err := h.propose(plan.NewMigratePlanner(h.roster, h.o()), p)
	contains(t, problem(t, err, link.FieldAliases), "16 aliases are too many for one request", "at most 15")
}
