package link

import (
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// NeedsCCR says what deployments need that are as old as nobody can see from outside. Source: Elastic's docs, "Remote
// clusters on Elastic Cloud Enterprise".
const NeedsCCR = "A deployment that was created before ECE 2.9 needs “Enable CCR” on its Security page first."

// Advice is what to know once c is applied. None of it keeps the connection from working, so it is no warning: people meet
// it later, as something that finds nothing.
func Advice(s PairState, c ConnectParams) []change.Advice {
	var all adviceList
	all.esql(s, c)
	all.fleet(s, c)
	all.role(s, c)
	all.replication(s, c)
	return all
}

// RoleAdvice is what to know of a connection that exists, once c has changed its role.
func RoleAdvice(s PairState, c ConnectParams) []change.Advice {
	var all adviceList
	all.role(s, c)
	return all
}

type adviceList []change.Advice

func (l *adviceList) add(about, format string, args ...any) {
	*l = append(*l, change.Advice{About: about, Say: fmt.Sprintf(format, args...)})
}

// esql is for connections by certificates: without that license there is none by API key.
func (l *adviceList) esql(s PairState, c ConnectParams) {
	if !c.ByCertificate() {
		return
	}
	lacks := NotEnterprise(s)
	if len(lacks) > 0 {
		l.add("esql "+c.Local.String()+" "+c.Remote.String(), "ES|QL across clusters requires an Enterprise license on both: %s. Other searches work.", strings.Join(lacks, ", "))
	}
}

// NotEnterprise says which of the two clusters has another license, or one that is not known.
func NotEnterprise(s PairState) []string {
	var lacks []string
	for _, side := range []struct {
		d       elastic.Deployment
		l       elastic.License
		cluster Part
		license Part
	}{
		{s.Local, s.LocalLicense, PartLocalCluster, PartLocalLicense},
		{s.Remote, s.RemoteLicense, PartRemoteCluster, PartRemoteLicense},
	} {
		switch {
		case s.ReadError(side.cluster, side.license) != nil:
			lacks = append(lacks, "the license of "+side.d.Name+" is not known")
		case !side.l.Enterprise():
			lacks = append(lacks, side.d.Name+" has "+side.l.Type)
		}
	}
	return lacks
}

// fleet: Kibana reads as its own user, whose remote_indices name those indices from 9.5 on.
func (l *adviceList) fleet(s PairState, c ConnectParams) {
	v, err := elastic.ParseVersion(s.Local.Version)
	if c.ByCertificate() || err != nil || v.AtLeast(9, 5) || !slices.ContainsFunc(c.Access.Search, ofFleet) {
		return
	}
	l.add("fleet "+c.Local.String(), "Before 9.5, Fleet and Elastic Defend of %s find nothing through an API key and show no error. "+
		"Kibana's own user may not read these indices there. Other users can.", s.Local.Name)
}

// ofFleet reports whether a pattern is meant for what Fleet and Elastic Defend keep. One that merely covers it, such as
// metrics-*, is not: nearly every pattern would be.
func ofFleet(pattern string) bool {
	head, _ := beforeWildcard(strings.TrimPrefix(pattern, "."))
	return strings.HasPrefix(head, "logs-endpoint") || strings.HasPrefix(head, "metrics-endpoint") || strings.HasPrefix(head, "fleet-")
}

// role: Kibana keeps the privileges of a rule's author as they were when the rule was saved.
func (l *adviceList) role(s PairState, c ConnectParams) {
	if writesRole(c, s) {
		l.add("rules "+c.Local.String(), "Detection and alert rules in Kibana of %s keep the privileges that their author had when they were saved. "+
			"To search %s, they have to be saved again by somebody who has the role.", s.Local.Name, c.Alias)
	}
}

func (l *adviceList) replication(s PairState, c ConnectParams) {
	if len(c.Access.Replication) == 0 {
		return
	}
	for _, side := range []struct {
		on System
		d  elastic.Deployment
	}{{s.LocalOn, s.Local}, {s.RemoteOn, s.Remote}} {
		if side.on.Kind == elastic.KindECE {
			l.add("ccr "+side.d.String(), "Before an index of %s can follow or be followed: %s", side.d.Name, NeedsCCR)
		}
	}
}
