package handlers

import (
	"context"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func updateOrder() order {
	return order{
		title: "Update a connection", submit: "Ask for approval",
		intro: "What is filled in is how it is now; change what is to be otherwise. The card shows the difference.",
		form:  updateForm,
		ask: func(n link.Name, f answers) (change.Kind, any, *change.InvalidError) {
			wrong := &change.InvalidError{}
			u := link.Update{
				Local: n.Local, Alias: n.Alias, ProxyAddress: f.text(link.FieldAddress), ServerName: f.text(link.FieldServerName),
				Access: f.access(), SkipUnavailable: len(f[link.FieldSkip].Options) > 0,
				ProxySockets: number(wrong, link.FieldSockets, f.text(link.FieldSockets)), PingSchedule: f.text(link.FieldPing),
			}
			if v := f[link.FieldCompress].Option.Value; v != byDefault {
				u.Compress = v
			}
			return link.KindUpdate, u, wrong
		},
	}
}

func updateForm(_ context.Context, _ *Handlers, e link.Existing, m orderMemory) []slack.Block {
	u := link.PrefillUpdate(e)
	switch m.Fill {
	case fillMended:
		x := link.Examination{Existing: e}
		u = x.Mended()
	case fillApproved:
		u = e.Approved()
	}
	sockets := ""
	if u.ProxySockets > 0 {
		sockets = strconv.Itoa(u.ProxySockets)
	}
	compress := u.Compress
	if compress == "" {
		compress = byDefault
	}
	return append([]slack.Block{aboutBlock(e)},
		textInput(m, link.FieldAddress, "Proxy address", "host:9443 as a rule", maxAddress, u.ProxyAddress),
		textInput(m, link.FieldServerName, "Server name", "The host name in the remote side's TLS certificate.", maxServer, u.ServerName),
		several(textInput(m, link.FieldSearch, "Indices that may be searched", "Patterns such as logs-*, one a line or separated by commas.", maxPatterns, strings.Join(u.Access.Search, "\n"))),
		several(textInput(m, link.FieldReplication, "Indices that may be replicated", "Only for cross-cluster replication.", maxPatterns, strings.Join(u.Access.Replication, "\n"))),
		skipFor(m, u.SkipUnavailable),
		textInput(m, link.FieldSockets, "Connections to the remote cluster", "A number; empty leaves it to Elasticsearch (18).", maxAdvanced, sockets).WithOptional(true),
		choiceInput(blockOf(m, link.FieldCompress), link.FieldCompress, "Compress", compressions, compress),
		textInput(m, link.FieldPing, "Ping every", "A time such as 30s, or -1 for never; empty leaves it to Elasticsearch.", maxAdvanced, u.PingSchedule).WithOptional(true),
	)
}

func skipFor(m orderMemory, on bool) slack.Block {
	in := skipInput(on)
	if b, ok := in.(*slack.InputBlock); ok {
		b.BlockID = blockOf(m, link.FieldSkip)
	}
	return in
}
