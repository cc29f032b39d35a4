package handlers

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// requester is who asked for something: somebody, or the bot for whoever asked for the connection.
func requester(r *change.Request) string {
	if r.Requester.Bot {
		return "the bot, for " + mrkdwn.User(r.Requester.User)
	}
	return mrkdwn.User(r.Requester.User)
}

// problemSays is a problem as a sentence.
func problemSays(p change.Problem) string {
	if p.Named {
		return p.Say
	}
	return mrkdwn.Upper(p.Say)
}
