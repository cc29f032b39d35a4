// Package handlers is everything that a Slack user sees and presses: commands, modals, cards, and the sentences that
// tell what went wrong. It asks change.Service for every decision; it must know neither how requests are stored nor
// how a change is carried out, and it holds no Slack client.
package handlers

import (
	"log/slog"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
)

// Options are what the handlers need; all are required but those that say what nil means.
type Options struct {
	Requests  Requests
	Asides    Asides
	Policy    Eligibility
	Rules     PolicyDescriber
	Readers   Readers // nil: everybody may read
	Lists     Lists
	Secrets   SecretStore // nil: no key can be pasted or shown
	Directory Directory
	Slack     SlackClient
	// Connections are those that there are, and how they are.
	Connections Connections
	Status      ConnectionStatus
	Reviews     AccessReviews
	People      People
	Follows     Follows
	OpenHomes   OpenHomes
	Channel     string // where cards are posted
	Command     string // the slash command, "/remote-cluster"
	Log         *slog.Logger
	Now         func() time.Time
	Draw        func(export.Graph) ([]byte, error) // a map, as a PNG; nil: there are no pictures
}

// Handlers answer Slack.
type Handlers struct {
	o     Options
	views viewSequencer

	drawing sync.Mutex

	// Whether the workspace takes them.
	containers, alerts bot.NewBlocks // in modals
	tables             bot.NewBlocks // in messages
}

// New returns handlers over o.
func New(o Options) *Handlers {
	h := &Handlers{o: o, views: viewSequencer{last: map[string]uint64{}}}
	h.o.Slack = alertClient{SlackClient: o.Slack, log: o.Log, alerts: &h.alerts}
	return h
}
