package link

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// restartProblems say what stands against a restart.
func (s PairState) restartProblems(wrong *change.InvalidError, c ConnectParams) {
	if !c.Restart {
		return
	}
	if _, ok := s.LocalOn.Platform.(elastic.Restarts); !ok {
		wrong.Add(FieldRestart, "the bot can't restart deployments of %s", SystemLabel(s.LocalOn))
	}
	if c.ByCertificate() {
		wrong.Add(FieldRestart, "there is no key that a restart would load")
	}
}

func (w *WarningList) restart(s PairState, c ConnectParams) {
	if c.Restart {
		w.Add("%s WILL BE RESTARTED, so that its nodes read the key. From 8.14 on they do that by themselves.", s.Local.Name)
	}
}
