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
