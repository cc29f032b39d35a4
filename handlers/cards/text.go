package cards

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Requester is who asked for something: somebody, or the bot for the one who asked for the connection.
func Requester(r *change.Request) string {
	if r.Requester.Bot {
		return "the bot, for " + mrkdwn.User(r.Requester.User)
	}
	return mrkdwn.User(r.Requester.User)
}

// ProblemSays is a problem as a sentence.
func ProblemSays(p change.Problem) string {
	if p.Named {
		return p.Say
	}
	return mrkdwn.Upper(p.Say)
}

// roleLine tells whom the role is for.
func roleLine(role *link.RoleOptions, alias string) string {
	if role == nil {
		return ""
	}
	return "\nAssign the role `" + mrkdwn.Line(role.Name, MaxRole) + "` on the local cluster to everyone who should search `" + mrkdwn.Line(alias, MaxAlias) + "`."
}

// FieldOf is what people read beside a label of a request; otherwise, where it has none.
func FieldOf(r *change.Request, label, otherwise string) string {
	for _, f := range r.Proposal.Fields {
		if f.Label == label {
			return f.Value
		}
	}
	return otherwise
}
