package plan_test

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
)

func TestOnlyACheckShowsThatAConnectionWorks(t *testing.T) {
	now := time.Unix(1_770_000_000, 0)
	up, down := &elastic.RemoteInfo{Connected: true}, &elastic.RemoteInfo{}
	problem := func(kind diagnose.ProblemKind) *diagnose.Problem { return &diagnose.Problem{Kind: kind} }
	for name, tt := range map[string]struct {
		known diagnose.Known
		want  diagnose.State
	}{
		"checked":                        {diagnose.Known{Info: up, CheckedAt: now}, diagnose.StateWorking},
		"checked, and not asked now":     {diagnose.Known{CheckedAt: now}, diagnose.StateWorking},
		"open sockets alone":             {diagnose.Known{Info: up}, diagnose.StateUnchecked},
		"nothing":                        {diagnose.Known{}, diagnose.StateUnchecked},
		"checked too long ago":           {diagnose.Known{Info: up, CheckedAt: now, Late: true}, diagnose.StateUnchecked},
		"checked, and closed since":      {diagnose.Known{Info: down, CheckedAt: now}, diagnose.StateUnchecked},
		"open sockets, and a dead key":   {diagnose.Known{Info: up, CheckedAt: now, Worst: problem(diagnose.ProblemDown)}, diagnose.StateDown},
		"down when last seen, no answer": {diagnose.Known{NoAnswer: true, CheckedAt: now, Worst: problem(diagnose.ProblemDown)}, diagnose.StateDown},
		"no answer":                      {diagnose.Known{NoAnswer: true, CheckedAt: now}, diagnose.StateNoAnswer},
		"removed":                        {diagnose.Known{Removed: true, CheckedAt: now, Worst: problem(diagnose.ProblemDown)}, diagnose.StateRemoved},
		"degraded":                       {diagnose.Known{Info: up, CheckedAt: now, Worst: problem(diagnose.ProblemDegraded)}, diagnose.StateDegraded},
		"expiring":                       {diagnose.Known{Info: up, CheckedAt: now, Worst: problem(diagnose.ProblemExpiring)}, diagnose.StateExpiring},
		"drifted":                        {diagnose.Known{Info: up, CheckedAt: now, Worst: problem(diagnose.ProblemDrifted)}, diagnose.StateDrifted},
	} {
		if got := tt.known.State(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// An adoption takes a connection as it is: it proves nothing.
func TestAChangeProvesAConnectionAndAnAdoptionDoesNot(t *testing.T) {
	h := newFixture(t)
	h.connect()
	if m := h.managed(); diagnose.VerifiedAt(m).IsZero() || !diagnose.VerifiedAt(m).Equal(m.Record.At) {
		t.Errorf("verified at %s, changed at %s", diagnose.VerifiedAt(m), m.Record.At)
	}
	clear(h.memos)
	if _, err := h.run(plan.NewAdoptPlanner(h.roster, h.o()), link.AdoptParams{Local: h.local.Ref(), Alias: "logs", Access: h.c.Access}); err != nil {
		t.Fatal(err)
	}
	if m := h.managed(); !m.Adopted || !diagnose.VerifiedAt(m).IsZero() {
		t.Errorf("adopted: verified at %s", diagnose.VerifiedAt(m))
	}
}
