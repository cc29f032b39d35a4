package forms

import (
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func disconnectForm() Change {
	return Change{
		Verb: "disconnect", Args: "[deployment/alias]",
		Does:  "remove a connection and its key",
		title: "Disconnect", submit: "Request approval",
		intro: "Removes settings, keystore entry, then unused role, trust and network filter, and finally the key. If a step fails before that, everything is restored.",
		Form: func(e link.ConnectionState, _ []string, _ Metadata) []slack.Block {
			return []slack.Block{mrkdwn.Section(usedBy(e))}
		},
		Ask: func(n link.Name, _ Metadata, _ Answers) (change.Kind, any, *change.InvalidError) {
			return link.KindDisconnect, link.DisconnectParams{Local: n.Local, Alias: n.Alias}, &change.InvalidError{}
		},
	}
}

// usedBy says what goes through a connection, before it is changed or ended, and what nobody has looked at.
func usedBy(e link.ConnectionState) string {
	var out []string
	for _, u := range e.Users {
		out = append(out, ":warning: "+mrkdwn.Verbatim(u, mrkdwn.MaxName))
	}
	if len(out) == 0 {
		out = append(out, "Nothing that the bot can see uses it.")
	}
	if unread := e.UsesUnreadSay(); unread != "" {
		out = append(out, ":warning: Not checked: "+mrkdwn.Line(unread, mrkdwn.MaxName))
	}
	out = append(out, kibanaPages(e)+" are not checked either. The bot can't tell whether anyone still searches through this connection. Ask its users first.")
	return "*In use by*\n" + mrkdwn.Within("\n", mrkdwn.MaxText-50, strings.Join(out, "\n"))
}

// kibanaPages name what of Kibana may use a connection, with links where Kibana's address is known.
func kibanaPages(e link.ConnectionState) string {
	return page(e, link.KibanaRules, "Kibana's rules") + " and " + page(e, link.KibanaDataViews, "data views")
}

func page(e link.ConnectionState, path, label string) string {
	if e.PairState.Local.KibanaURL == "" {
		return label
	}
	return mrkdwn.Link(strings.TrimRight(e.PairState.Local.KibanaURL, "/")+path, label)
}
