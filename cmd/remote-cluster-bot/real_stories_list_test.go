package main

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"

// realStory is how a story is told on real clusters.
type realStory struct {
	local, remote string   // the deployments that have real nodes; logs-prod and metrics-eu if both are empty
	third         string   // one more; on 9.5 it has two nodes. Empty: none
	on            []string // the versions that it is told on; 8.19 alone if empty
	not           string   // why it is not told; empty: it is
	restart       bool     // the nodes are started anew after it
}

// The versions that a story is told on, where it is not 8.19 alone.
var (
	on9   = []string{realcluster.Version9}
	onAll = []string{realcluster.Version8, realcluster.Version9}
)

// storiesOnReal are those that differ from most.
var storiesOnReal = map[string]realStory{
	"cloud_to_cloud":              {local: "metrics-eu", remote: "sales-us"},
	"cloud_to_cloud_certificates": {local: "metrics-eu", remote: "sales-us"},
	"cloud_to_ece":                {local: "metrics-eu", remote: "security-siem"},
	"cloud_to_ece_certificates":   {local: "metrics-eu", remote: "security-siem"},
	"cloud_to_ece_undone":         {local: "metrics-eu", remote: "security-siem"},
	"cloud_to_ece_untrusted":      {local: "metrics-eu", remote: "security-siem"},
	"ece_to_ece":                  {local: "security-siem", remote: "trials-lab"},
	"ece_to_ece_certificates":     {local: "security-siem", remote: "trials-lab"},
	"ece_to_ece_undone":           {local: "security-siem", remote: "trials-lab"},

	"poison":                        {local: "security-siem", remote: "metrics-eu"},
	"cloud_to_self_managed":         {local: "metrics-eu", remote: "search-dc"},
	"ece_to_self_managed":           {local: "logs-prod", remote: "search-dc"},
	"ece_to_self_managed_untrusted": {local: "logs-prod", remote: "search-dc"},
	"self_managed_hook_fails":       {local: "search-dc", remote: "metrics-eu"},
	"self_managed_hook_slow":        {local: "search-dc", remote: "metrics-eu"},
	"self_managed_hook_lost":        {local: "search-dc", remote: "metrics-eu"},
	"self_managed_to_ece":           {local: "search-dc", remote: "security-siem"},
	"self_managed_to_self_managed":  {local: "search-dc", remote: "archive-dc", on: onAll},
	"self_managed_to_cloud":         {local: "search-dc", remote: "metrics-eu", on: onAll},
	"self_managed_by_hand":          {local: "search-dc", remote: "metrics-eu", on: onAll},
	"self_managed_by_hand_lost":     {local: "search-dc", remote: "metrics-eu"},
	"self_managed_by_hand_never":    {local: "search-dc", remote: "metrics-eu", on: onAll},
	"self_managed_by_hand_rotate":   {local: "search-dc", remote: "metrics-eu", on: onAll},
	"self_managed_by_hand_wrong":    {local: "search-dc", remote: "metrics-eu"},
	"self_managed_by_hand_migrate":  {local: "search-dc", remote: "archive-dc"},
	"self_managed_migrate":          {local: "search-dc", remote: "archive-dc"},
	"self_managed_adopt":            {local: "search-dc", remote: "archive-dc"},
	"self_managed_by_hand_one_node": {remote: "metrics-eu", third: "search-dc", on: on9},
	"self_managed_no_key_server":    {not: "real nodes have their port for API keys open from the start"},

	"certificates":                 searchOld,
	"certificates_accounts":        searchOld,
	"certificates_id":              searchOld,
	"certificates_plan_fails":      searchOld,
	"certificates_undo_plan_fails": searchOld,
	"certificates_undone":          searchOld,
	"disconnect_cleans":            searchOld,
	"disconnect_shared":            searchOld,
	"disconnect_undone":            searchOld,
	"watch_certificate_expiry":     searchOld,

	// Nodes of 9.5.3 that have once had settings for signing register one more watcher at each change of those files: soon
	// they do nothing else, and read no certificate any more (CrossClusterApiKeySigningConfigReloader.watchDependentFiles).
	"identity":              {local: "reports-eu", remote: "orders-eu", on: on9, restart: true},
	"identity_organization": {local: "reports-eu", remote: "orders-eu", on: on9, restart: true},
	"identity_stated":       {local: "reports-eu", remote: "orders-eu", on: on9, restart: true},
	"identity_undone":       {local: "reports-eu", remote: "orders-eu", on: on9, restart: true},
	"identity_refused":      {local: "shop", remote: "orders-eu", on: on9, restart: true},
	"self_managed_identity": {local: "search-dc", remote: "archive-dc", on: on9, restart: true},
	"identity_by_hand":      {not: "real nodes have no directory /app/config for an uploaded authority"},

	"uses":                 {not: "transforms, datafeeds, watches and followers are modules that are not on Maven Central"},
	"migrate_pauses":       {not: "transforms, datafeeds and followers are modules that are not on Maven Central"},
	"disconnect":           {not: "cross-cluster replication, and so a follower, is not on Maven Central"},
	"old_version":          {not: "there are no real nodes below 8.14"},
	"enrich":               {not: "there are no real nodes below 8.15, nor keys of theirs"},
	"incompatible":         {not: "there are no real nodes of versions that do not understand each other"},
	"migrate_many":         {local: "security-siem", remote: "metrics-eu", third: "archive-us"},
	"migrate_rules":        {local: "security-siem", remote: "metrics-eu", third: "archive-us"},
	"migrate_trust_undone": {local: "security-siem", remote: "metrics-eu", third: "archive-us"},
	"help":                 {not: "no cluster"},
	"role_shared":          {local: "logs-prod", remote: "metrics-eu", third: "orders-eu"},
	"restart_window":       {local: "logs-prod", remote: "metrics-eu", third: "security-siem"},
	"rotates_itself":       {local: "logs-prod", remote: "metrics-eu", third: "sales-us"},
	"diagnose_filter":      {not: notEnforced},

	"filter_remote_cluster_right": {local: "metrics-eu", remote: "sales-us", third: "stock-us"},
	"filter_unread":               {local: "logs-prod", remote: "metrics-eu", third: "security-siem"},
	"filter_remote_cluster_ece":   {not: notEnforced},
	"connection_lost":             {not: "only a stand-in loses a connection when it is told to"},

	"connect":     {on: onAll},
	"replication": {on: onAll},
	"role":        {on: onAll},
	"update":      {on: onAll},
}

const notEnforced = "network filters are shown on real clusters, and not enforced"

// searchOld are stories whose local side is below 8.14 on the stand-in, and chooses certificates on purpose on real nodes.
var searchOld = realStory{local: "search-old", remote: "metrics-eu"}

// besideElasticsearch are stories in which Elasticsearch decides nothing: with them all would take too long.
var besideElasticsearch = []string{
	"advice", "approve_note", "audit", "audit_checkpoint", "audit_policy", "bad_input", "break_glass", "break_glass_overdue",
	"break_glass_refused", "certificates_accounts", "certificates_or_key",
	"disconnect_unseen", "drift_asks_again", "edit_and_ask_again", "end_overdue", "expired", "export", "filter_first", "filter_remote_cluster",
	"filter_remote_cluster_wrong", "filter_undone", "follow", "home_current", "key_refused", "list_lost", "list_partial",
	"many_aliases", "map", "map_scope", "old_blocks", "own_request", "platform_down", "poison", "poison_requeue", "poison_told_later", "policy_direct_message", "policy_explain", "policy_explain_flags",
	"policy_group_changes", "policy_guests", "policy_nobody", "policy_read", "policy_reminder", "policy_system",
	"policy_two_of_three", "policy_two_sides", "policy_unknown_remote", "ports", "private_host_cloud", "private_host_on_purpose",
	"progress", "quotas", "redis_full", "rejected", "request_changes", "restart_undone", "restored", "review", "review_due", "same_name", "shortcut",
	"slack_answer_lost", "slack_card_deleted", "slack_channel_archived", "slack_down", "slack_token_revoked", "slack_user_left",
	"slow_platform", "socket_mode", "stale_card", "step_retries", "two_approvers_at_once", "until", "webhook", "window_revoked",
	"withdrawn", "words",
}

// sparedOnReal are stories that pass on real clusters, and of which others that are told there show the same: STORY=all tells
// them too.
var sparedOnReal = []string{
	"certificates_id", "certificates_plan_fails", "certificates_undo_plan_fails", "cloud_to_ece_certificates", "ece_to_ece_certificates",
	"migrate_many", "migrate_rules", "migrate_trust_undone", "rotates_itself", // of three clusters; each migration costs half a minute
}
