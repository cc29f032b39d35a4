package link

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// directionWarnings say what one direction needs that another doesn't. The steps are the same for all of them; what
// the bot can't do itself is said before the approval. Source: Elastic's docs, "Connect Elastic Cloud Hosted
// deployments to an Elastic Cloud Enterprise environment".
func (w *warnings) direction(s PairState, c ConnectParams) {
	if !s.strangers() {
		return
	}
	if s.localOn.Kind == elastic.KindECH && s.remoteOn.Kind == elastic.KindSelfManaged {
		w.add("The network of %s must let Elastic Cloud's addresses in at %s.", s.Remote.Name, c.ProxyAddress)
	} else if s.localOn.Kind == elastic.KindECH {
		w.add("The proxies of %s must let Elastic Cloud's addresses in at %s.", label(s.remoteOn), c.ProxyAddress)
	}
	if c.byCertificate() {
		return
	}
	w.proxies(s)
	if s.remoteOn.Kind != elastic.KindECE {
		return
	}
	w.add("Under which identity %s's own proxy issues keys is documented nowhere. If it is refused, the bot needs credentials for %s itself.",
		label(s.remoteOn), s.Remote.Name)
}

// directionProblems say what a direction can't do at all.
func (s PairState) directionProblems(wrong *change.InvalidError, c ConnectParams) {
	if c.byCertificate() && s.localOn.Name != "" && s.localOn.Name == s.remoteOn.Name {
		wrong.Add(FieldModel, "deployments of one platform trust each other through its accounts entry: use an API key, or its own console")
	}
}
