package cards

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// FieldName is a field as people know it.
func FieldName(field string) string {
	names := map[string]string{
		link.FieldLocal: "Local deployment", link.FieldRemote: "Remote deployment", link.FieldAlias: "Alias",
		link.FieldAddress: "Proxy address", link.FieldServerName: "Server name", link.FieldSearch: "Indices to search",
		link.FieldReplication: "Indices to replicate", link.FieldExpiry: "Expiry", link.FieldSkip: "Skip unavailable",
		link.FieldSockets: "Advanced settings, connections", link.FieldCompress: "Advanced settings, compression",
		link.FieldScheme: "Advanced settings, compression scheme",
		link.FieldPing:   "Advanced settings, ping", link.FieldReason: "Reason", link.FieldModel: "Security model",
		link.FieldLocalScope: "Id of the local side", link.FieldRemoteScope: "Id of the remote side", link.FieldClusters: "Clusters to trust",
		link.FieldRegions: "Further regions", link.FieldFilter: "Addresses to allow", link.FieldFilterCluster: "Remote cluster filter", link.FieldRole: "Who can search",
		link.FieldUntil:     "How long",
		link.FieldPause:     "Replication and jobs that use the aliases",
		link.FieldElsewhere: "An address that the platform doesn't know",
		link.FieldIdentity:  "Strong identity verification", link.FieldOrganization: "Key for the whole organization", link.FieldAuthorities: "Other authorities the remote cluster trusts",
	}
	if n, ok := names[field]; ok {
		return n
	}
	return mrkdwn.Upper(strings.ReplaceAll(field, "_", " "))
}
