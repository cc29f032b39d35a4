// Package link is what is changed: the connection of a local Elasticsearch cluster to a remote one. It knows
// Elastic's rules and speaks to Elastic only through the ports of internal/elastic; it knows neither
// Slack nor Redis nor HTTP.
package link

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"

// System is a platform under its configured name.
type System struct {
	Name  string // the key in Ref.Platform
	Label string // for people
	Kind  string // KindECE, KindECH or KindSelfManaged

	// EnvironmentID and EnvironmentCA (PEM) are how other platforms know this one under the certificate model: what
	// ECE's page Platform > Trust Management shows. No documented API tells them.
	EnvironmentID string
	EnvironmentCA []string

	// ConsoleURL is the base of the console that people use: ECE's own, or https://cloud.elastic.co.
	ConsoleURL string
	// EgressCIDRs are where connections of its deployments come from as the other side sees them, behind NAT.
	EgressCIDRs []string
	// PrivateHosts are hosts of private networks that lead to deployments of this platform, as the operator states them.
	PrivateHosts []PrivateHosts
	// CanAddFilters lets the bot add network filters to deployments of this platform.
	CanAddFilters bool
	// SupportsIdentity: strong identity verification works on this platform. It is documented for Elastic Cloud Hosted alone; of an
	// ECE only its operator can say so.
	SupportsIdentity bool

	elastic.Platform
}

// SystemLabel is what people call a platform.
func SystemLabel(s System) string {
	if s.Label != "" {
		return s.Label
	}
	return s.Name
}

// PrivateHosts are hosts of private networks that lead to deployments of a region; an empty region is every one. A host
// that begins with *. stands for a name of each deployment.
type PrivateHosts struct {
	Region string
	Hosts  []string
}

// TellsLocals reports whether all deployments of a platform are asked for their connections. Of Elastic Cloud only those
// that the bot has connected are.
func (s System) TellsLocals() bool { return s.Kind != elastic.KindECH }

// Calls tell how calls to the platform look; none for the zero System.
func (s System) Calls() elastic.Calls {
	if s.Platform == nil {
		return elastic.Calls{}
	}
	return s.Platform.Calls()
}

// TargetPrefix begins the target that is the alias of a connection.
const TargetPrefix = "connection/"

// Target is what a connection's changes hold, so that no two change it at once: the alias on the local cluster.
func Target(local elastic.Ref, alias string) string {
	return TargetPrefix + local.String() + "/" + alias
}
