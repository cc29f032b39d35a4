package monitor

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// Known is what a check has found.
func (s Status) Known() diagnose.Known {
	k := diagnose.Known{CheckedAt: s.CheckedAt, Late: s.Late}
	if len(s.Problems) > 0 {
		p := s.Problems[0]
		k.Worst = &diagnose.Problem{Kind: p.Kind, Say: p.Say, Fix: p.Fix, Cause: p.Cause, Certificates: p.Certs}
	}
	return k
}

// State is how the connection is, as far as the last check found.
func (s Status) State() diagnose.State { return s.Known().State() }

// Says are the problems that the last check found, in words.
func (s Status) Says() []string {
	var all []string
	for _, p := range s.Problems {
		all = append(all, p.Say)
	}
	return all
}
