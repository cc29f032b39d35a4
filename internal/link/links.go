package link

import (
	"net/url"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// KibanaRemoteClusters is Kibana's page Stack Management → Remote Clusters, below Kibana's own address.
const KibanaRemoteClusters = "/app/management/data/remote_clusters"

// Links are where people see what a connect has made, in Kibana's and the consoles' own words.
func (s PairState) Links() []change.Field {
	var all []change.Field
	add := func(label, at string) {
		if u, err := url.Parse(at); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
			all = append(all, change.Field{Label: label, Value: u.String()})
		}
	}
	if s.Local.KibanaURL != "" {
		add("Kibana of "+s.Local.Name+": Stack Management → Remote Clusters", strings.TrimRight(s.Local.KibanaURL, "/")+KibanaRemoteClusters)
	}
	add(SystemLabel(s.LocalOn)+": "+s.Local.Name+" → Security → Remote connections", console(s.LocalOn, s.Local))
	add(SystemLabel(s.RemoteOn)+": "+s.Remote.Name+" → Security", console(s.RemoteOn, s.Remote))
	return all
}

// console is a deployment's page Security in its platform's console, where its remote connections, keys and trust are
// seen (Elastic's docs, "Add trusted environment"); empty where the console's address is not known.
func console(on System, d elastic.Deployment) string {
	if on.ConsoleURL == "" {
		return ""
	}
	return strings.TrimRight(on.ConsoleURL, "/") + "/deployments/" + url.PathEscape(d.Deployment) + "/security"
}
