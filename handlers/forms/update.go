package forms

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

func updateForm() Change {
	return Change{
		Verb: "update", Args: "[deployment/alias]",
		Does:  "change what a key may read or a connection's settings; add a role or a network filter",
		title: "Update a connection", submit: "Request approval",
		intro: "These are the current settings. Edit what you want to change. The card shows the difference.",
		Form:  updateFields,
		Ask: func(n link.Name, _ Metadata, f Answers) (change.Kind, any, *change.InvalidError) {
			wrong := &change.InvalidError{}
			u := link.UpdateParams{
				Local: n.Local, Alias: n.Alias, ProxyAddress: f.Text(link.FieldAddress), ServerName: f.Text(link.FieldServerName),
				Elsewhere: len(f[link.FieldElsewhere].Options) > 0,
				Access:    f.access(), SkipUnavailable: len(f[link.FieldSkip].Options) > 0,
				ProxySockets: number(wrong, link.FieldSockets, f.Text(link.FieldSockets)), PingSchedule: f.Text(link.FieldPing),
			}
			if v := f[link.FieldCompress].Option.Value; v != byDefault {
				u.Compress = v
			}
			if v := f[link.FieldScheme].Option.Value; v != byDefault {
				u.Scheme = v
			}
			u.Filter, u.Role = optionsOf(f.Text(link.FieldRole), f.Text(link.FieldFilter), len(f[link.FieldFilterCluster].Options) > 0, len(f[link.FieldFilterFirst].Options) > 0)
			return link.KindUpdate, u, wrong
		},
	}
}

func updateFields(e link.ConnectionState, _ []string, m Metadata) []slack.Block {
	u := filled(e, m.Fill)
	sockets := ""
	if u.ProxySockets > 0 {
		sockets = strconv.Itoa(u.ProxySockets)
	}
	blocks := []slack.Block{
		textInput(m, link.FieldAddress, "Proxy address", strings.TrimSpace("Usually host:9443. "+link.PrivateHint(e.PairState)), cards.MaxAddress, u.ProxyAddress),
		textInput(m, link.FieldServerName, "Server name", "The host name in the remote side's TLS certificate.", MaxServer, u.ServerName),
		elsewhereFor(m, u.Elsewhere),
		several(textInput(m, link.FieldSearch, "Indices that may be searched", searchHint, maxPatterns, strings.Join(u.Access.Search, "\n"))),
		several(textInput(m, link.FieldReplication, "Indices that may be replicated", replicationHint, maxPatterns, strings.Join(u.Access.Replication, "\n"))),
		skipFor(m, u.SkipUnavailable),
		textInput(m, link.FieldSockets, "Connections to the remote cluster", "A number. Empty: the default of Elasticsearch (18).", maxAdvanced, sockets).WithOptional(true),
		choiceInput(blockOf(m, link.FieldCompress), link.FieldCompress, "Compress", compressions, cmp.Or(u.Compress, byDefault)),
		choiceInput(blockOf(m, link.FieldScheme), link.FieldScheme, "Compress with", schemes, cmp.Or(u.Scheme, byDefault)),
		textInput(m, link.FieldPing, "Ping every", "A time such as 30s, or -1 for never. Empty: the default of Elasticsearch.", maxAdvanced, u.PingSchedule).WithOptional(true),
	}
	return append(blocks, updateExtras(e, m, u)...)
}

// filled is the update that a form begins with.
func filled(e link.ConnectionState, fill string) link.UpdateParams {
	switch fill {
	case cards.PrefillFix:
		return diagnose.FixParams(e, link.CauseUnknown)
	case cards.PrefillFilter:
		return diagnose.FixParams(e, link.CauseFilter)
	case cards.PrefillRole:
		return diagnose.FixParams(e, link.CauseNoPrivileges)
	case cards.PrefillApproved:
		return diagnose.Approved(e)
	}
	return link.PrefillUpdate(e)
}

// updateExtras are what an update can add beside the connection: a role, and a network filter where the bot may.
func updateExtras(e link.ConnectionState, m Metadata, u link.UpdateParams) []slack.Block {
	role, sources, filter := "", "", link.FilterOptions{}
	if u.Role != nil {
		role = u.Role.Name
	}
	if u.Filter != nil {
		sources, filter = strings.Join(u.Filter.Sources, "\n"), *u.Filter
	}
	filledIn := func(value string) input {
		return func(field, label, hint string, limit int) *slack.InputBlock {
			return textInput(m, field, label, hint, limit, value)
		}
	}
	blocks := []slack.Block{roleField(filledIn(role))}
	if !e.CanAddFilters() {
		return blocks
	}
	admit := sourcesField(filledIn(sources))
	if e.ByCluster() {
		admit = clusterField(filter.Cluster)
		admit.BlockID = blockOf(m, link.FieldFilterCluster)
	}
	lockOut := firstField(filter.First)
	lockOut.BlockID = blockOf(m, link.FieldFilterFirst)
	return append(blocks, admit, lockOut)
}

func elsewhereFor(m Metadata, on bool) slack.Block {
	in := elsewhereField(on)
	in.BlockID = blockOf(m, link.FieldElsewhere)
	return in
}

func skipFor(m Metadata, on bool) slack.Block {
	in := skipInput(on)
	if b, ok := in.(*slack.InputBlock); ok {
		b.BlockID = blockOf(m, link.FieldSkip)
	}
	return in
}
