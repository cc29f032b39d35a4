package link

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Warnings are what people should know of c before they approve it, the gravest first. None of them stands in its way.
func Warnings(s PairState, c ConnectParams) []string {
	var w WarningList
	WarnElsewhere(&w, s, c) // the key goes to a place that nobody knows
	warnRestart(&w, s, c)
	if c.ByCertificate() {
		warnCertificates(&w, s, c)
	} else {
		w.Access(c)
	}
	w.direction(s, c)
	if c.Identity != nil && c.Identity.Organization {
		w.Add("Every cluster of the organization %s may use the key, not only %s.", s.LocalScope.ID, s.Local.Name)
	}
	if !c.ByCertificate() {
		if s.WantsPasted() {
			w.Add("The bot can't create keys on %s: the approver of the remote side creates the key and pastes it.", s.Remote.Name)
		}
		w.License("local", s.Local, s.LocalLicense, s.ReadError(PartLocalCluster, PartLocalLicense))
		w.License("remote", s.Remote, s.RemoteLicense, s.ReadError(PartRemoteCluster, PartRemoteLicense))
		if c.Filter == nil || !c.Filter.Cluster { // that is what it is for
			WarnAdmission(&w, s, c)
		}
		WarnNewFilter(&w, s, c)
		warnReplaced(&w, s)
	}
	w.Versions(s, c.Access)
	w.Health(s.Local)
	w.Health(s.Remote)
	return w
}

// Access warns of what is wide.
func (w *WarningList) Access(c ConnectParams) {
	if everything(c.Access.Search) {
		w.Add("The key may search every index of the remote cluster (*).")
	}
	if everything(c.Access.Replication) {
		w.Add("The key may replicate every index of the remote cluster (*).")
	}
	if c.ExpiryDays == 0 {
		w.Add("The key never expires.")
	}
}

// Versions warns of versions that do not fit.
func (w *WarningList) Versions(s PairState, a elastic.Access) {
	local, err := elastic.ParseVersion(s.Local.Version)
	remote, err2 := elastic.ParseVersion(s.Remote.Version)
	if err != nil || err2 != nil {
		return // a problem, not a warning
	}
	*w = append(*w, elastic.Mismatches(local, remote, a)...)
}

// License warns of a license that does not cover the connection.
func (w *WarningList) License(side string, d elastic.Deployment, l elastic.License, unread error) {
	switch {
	case unread != nil:
		w.Add("Couldn't read the license of %s (%s): %s.", d.Name, side, Sentence(unread))
	case !l.Active:
		w.Add("The license of %s (%s) is not active. API key connections require Enterprise.", d.Name, side)
	case !l.Enterprise():
		w.Add("The license of %s (%s) is %s. API key connections require Enterprise.", d.Name, side, l.Type)
	}
}

// Health warns of a deployment that is not healthy.
func (w *WarningList) Health(d elastic.Deployment) {
	if !d.Healthy {
		w.Add("%s is not healthy.", d.Name)
	}
	if d.Pending {
		w.Add("The platform is already changing %s.", d.Name)
	}
}

// directionWarnings say what one direction needs that another doesn't. The steps are the same for all of them; what
// the bot can't do itself is said before the approval. Source: Elastic's docs, "Connect Elastic Cloud Hosted
// deployments to an Elastic Cloud Enterprise environment".
func (w *WarningList) direction(s PairState, c ConnectParams) {
	if !Strangers(&s) {
		return
	}
	if s.LocalOn.Kind == elastic.KindECH && s.RemoteOn.Kind == elastic.KindSelfManaged {
		w.Add("The network of %s must allow Elastic Cloud's addresses at %s.", s.Remote.Name, c.ProxyAddress)
	} else if s.LocalOn.Kind == elastic.KindECH {
		w.Add("The proxies of %s must allow Elastic Cloud's addresses at %s.", SystemLabel(s.RemoteOn), c.ProxyAddress)
	}
	if c.ByCertificate() {
		return
	}
	warnProxies(w, s)
	if s.RemoteOn.Kind != elastic.KindECE {
		return
	}
	w.Add("Elastic doesn't document the identity under which %s's proxy creates keys. If that fails, the bot needs credentials for %s itself.",
		SystemLabel(s.RemoteOn), s.Remote.Name)
}

// directionProblems say what a direction can't do at all.
func directionProblems(s PairState, wrong *change.InvalidError, c ConnectParams) {
	if c.ByCertificate() && s.LocalOn.Name != "" && s.LocalOn.Name == s.RemoteOn.Name {
		wrong.Add(FieldModel, "deployments on the same platform trust each other through its accounts entry: use an API key, or the platform's console")
	}
}
