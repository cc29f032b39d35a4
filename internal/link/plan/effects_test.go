package plan_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

func effectsOf(p change.Proposal, step string) string {
	signs := map[change.EffectKind]string{change.Adds: "+ ", change.Keeps: "= ", change.Removes: "- "}
	var lines []string
	for _, e := range p.Step(step).Effects {
		lines = append(lines, signs[e.Kind]+e.What)
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestAPlanSaysWhatTrustIsAddedAndWhichCertificates(t *testing.T) {
	s := certScene(t)
	s.approve(t)
	said := effectsOf(s.approved, steps.StepTrustRemote)
	contains(t, said, " trusts the CA CN=", ", valid until ", ", SHA-256 ", " trusts cluster ", "= the other trust entries of ")
	for _, c := range s.approved.Calls() {
		if strings.Contains(c.Body, "BEGIN CERTIFICATE") {
			t.Errorf("the plan shows PEM: %s", c.Body)
		}
	}
}
