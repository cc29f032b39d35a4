package link

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// directionWarnings say what one direction needs that another doesn't. The steps are the same for all of them; what
// the bot can't do itself is said before the approval. Source: Elastic's docs, "Connect Elastic Cloud Hosted
// deployments to an Elastic Cloud Enterprise environment".
func (w *WarningList) direction(s PairState, c ConnectParams) {
	if !s.Strangers() {
		return
	}
	if s.LocalOn.Kind == elastic.KindECH && s.RemoteOn.Kind == elastic.KindSelfManaged {
		w.Add("The network of %s must let Elastic Cloud's addresses in at %s.", s.Remote.Name, c.ProxyAddress)
	} else if s.LocalOn.Kind == elastic.KindECH {
		w.Add("The proxies of %s must let Elastic Cloud's addresses in at %s.", SystemLabel(s.RemoteOn), c.ProxyAddress)
	}
	if c.ByCertificate() {
		return
	}
	w.proxies(s)
	if s.RemoteOn.Kind != elastic.KindECE {
		return
	}
	w.Add("Under which identity %s's own proxy issues keys is documented nowhere. If it is refused, the bot needs credentials for %s itself.",
		SystemLabel(s.RemoteOn), s.Remote.Name)
}

// directionProblems say what a direction can't do at all.
func (s PairState) directionProblems(wrong *change.InvalidError, c ConnectParams) {
	if c.ByCertificate() && s.LocalOn.Name != "" && s.LocalOn.Name == s.RemoteOn.Name {
		wrong.Add(FieldModel, "deployments of one platform trust each other through its accounts entry: use an API key, or its own console")
	}
}
