package link_test

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func TestOnlyACheckShowsThatAConnectionWorks(t *testing.T) {
	now := time.Unix(1_770_000_000, 0)
	up, down := &elastic.RemoteInfo{Connected: true}, &elastic.RemoteInfo{}
	problem := func(kind link.ProblemKind) *link.Problem { return &link.Problem{Kind: kind} }
	for name, tt := range map[string]struct {
		known link.Known
		want  link.State
	}{
		"checked":                        {link.Known{Info: up, CheckedAt: now}, link.StateWorking},
		"checked, and not asked now":     {link.Known{CheckedAt: now}, link.StateWorking},
		"open sockets alone":             {link.Known{Info: up}, link.StateUnchecked},
		"nothing":                        {link.Known{}, link.StateUnchecked},
		"checked too long ago":           {link.Known{Info: up, CheckedAt: now, Late: true}, link.StateUnchecked},
		"checked, and closed since":      {link.Known{Info: down, CheckedAt: now}, link.StateUnchecked},
		"open sockets, and a dead key":   {link.Known{Info: up, CheckedAt: now, Worst: problem(link.ProblemDown)}, link.StateDown},
		"down when last seen, no answer": {link.Known{NoAnswer: true, CheckedAt: now, Worst: problem(link.ProblemDown)}, link.StateDown},
		"no answer":                      {link.Known{NoAnswer: true, CheckedAt: now}, link.StateNoAnswer},
		"removed":                        {link.Known{Removed: true, CheckedAt: now, Worst: problem(link.ProblemDown)}, link.StateRemoved},
		"degraded":                       {link.Known{Info: up, CheckedAt: now, Worst: problem(link.ProblemDegraded)}, link.StateDegraded},
		"expiring":                       {link.Known{Info: up, CheckedAt: now, Worst: problem(link.ProblemExpiring)}, link.StateExpiring},
		"drifted":                        {link.Known{Info: up, CheckedAt: now, Worst: problem(link.ProblemDrifted)}, link.StateDrifted},
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
	if m := h.managed(); link.VerifiedAt(m).IsZero() || !link.VerifiedAt(m).Equal(m.Record.At) {
		t.Errorf("verified at %s, changed at %s", link.VerifiedAt(m), m.Record.At)
	}
	clear(h.memos)
	if _, err := h.run(link.NewAdoptPlanner(h.roster, h.o()), link.AdoptParams{Local: h.local.Ref(), Alias: "logs", Access: h.c.Access}); err != nil {
		t.Fatal(err)
	}
	if m := h.managed(); !m.Adopted || !link.VerifiedAt(m).IsZero() {
		t.Errorf("adopted: verified at %s", link.VerifiedAt(m))
	}
}
