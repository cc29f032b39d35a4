// Package handlers is everything that a Slack user sees and presses: commands, modals, cards, and the sentences that
// tell what went wrong. It asks change.Service for every decision; it must know neither how requests are stored nor
// how a change is carried out, and it holds no Slack client.
package handlers

import (
	"context"
	"log/slog"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
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

// Handlers answer Slack: what is typed and pressed goes to the activity that it belongs to.
type Handlers struct {
	o    Options
	tell *reply.Replier

	readers   *readers
	connect   *connects
	changes   *changes
	decisions *decisions
	asides    *asideDecisions
	keys      *keys
	plan      *planView
	finder    *finder
	list      *listView
	history   *historyView
	maps      *mapView
	review    *reviewView
	inspect   *inspectView
	roleTests *roleTests
	follower  *follower
	home      *homeTab

	// Whether the workspace takes them.
	containers, alerts bot.NewBlocks // in modals
	tables             bot.NewBlocks // in messages
}

// New returns handlers over o.
func New(o Options) *Handlers {
	h := &Handlers{o: o}
	slack := alertClient{SlackClient: o.Slack, log: o.Log, alerts: &h.alerts}
	tell := reply.New(slack, o.Requests, o.Command, o.Log)
	h.tell = tell
	// What several activities use.
	h.readers = &readers{readers: o.Readers, policy: o.Policy, tell: tell}
	h.finder = &finder{connections: o.Connections, directory: o.Directory, command: o.Command}
	states := &states{status: o.Status, log: o.Log}
	links := &links{requests: o.Requests, slack: slack}
	proposer := &proposer{requests: o.Requests, slack: slack, channel: o.Channel, tell: tell, now: o.Now, log: o.Log}
	h.home = &homeTab{
		requests: o.Requests, lists: o.Lists, policy: o.Policy, follows: o.Follows, status: o.Status, openHomes: o.OpenHomes, slack: slack,
		readers: h.readers, links: links, command: o.Command, tell: tell, log: o.Log,
	}
	// What people ask for.
	h.roleTests = &roleTests{connections: o.Connections, slack: slack, tell: tell, log: o.Log}
	h.connect = &connects{
		requests: o.Requests, directory: o.Directory, slack: slack, finder: h.finder, roleTests: h.roleTests, proposer: proposer,
		views: viewSequencer{last: map[string]uint64{}}, tell: tell, now: o.Now, log: o.Log,
	}
	h.changes = &changes{connections: o.Connections, slack: slack, finder: h.finder, states: states, proposer: proposer, tell: tell, now: o.Now}
	// What they decide.
	h.decisions = &decisions{requests: o.Requests, policy: o.Policy, slack: slack, home: h.home, tell: tell, now: o.Now, log: o.Log}
	h.asides = &asideDecisions{asides: o.Asides, slack: slack, decisions: h.decisions, tell: tell}
	h.keys = &keys{requests: o.Requests, secrets: o.Secrets, slack: slack, decisions: h.decisions, home: h.home, tell: tell, now: o.Now, log: o.Log}
	// What they look at.
	h.plan = &planView{requests: o.Requests, slack: slack, readers: h.readers, containers: &h.containers, tell: tell, log: o.Log}
	h.follower = &follower{follows: o.Follows, status: o.Status, openHomes: o.OpenHomes, home: h.home, tell: tell, log: o.Log}
	h.review = &reviewView{
		connections: o.Connections, status: o.Status, reviews: o.Reviews, people: o.People, slack: slack,
		finder: h.finder, states: states, home: h.home, command: o.Command, tell: tell, now: o.Now,
	}
	h.inspect = &inspectView{
		connections: o.Connections, status: o.Status, requests: o.Requests, slack: slack,
		finder: h.finder, follower: h.follower, links: links, review: h.review, command: o.Command, tell: tell, log: o.Log,
	}
	h.list = &listView{
		finder: h.finder, states: states, links: links, follower: h.follower, inspect: h.inspect, slack: slack, tables: &h.tables, tell: tell, now: o.Now, log: o.Log,
	}
	h.history = &historyView{lists: o.Lists, links: links, slack: slack, tables: &h.tables, tell: tell, log: o.Log}
	h.maps = &mapView{connections: o.Connections, finder: h.finder, states: states, links: links, slack: slack, draw: o.Draw, command: o.Command, tell: tell, log: o.Log}
	return h
}

// Failed tells a user what the router could not: it fits bot.Options.OnError.
func (h *Handlers) Failed(ctx context.Context, f bot.Failure) { h.tell.Failed(ctx, f) }

// DrawHome is the home tab of one person. With an error, it says in place of a part that it could not be read.
func (h *Handlers) DrawHome(ctx context.Context, by change.Actor) (slack.HomeTabViewRequest, error) {
	return h.home.draw(ctx, by)
}

// alertClient sends modals with alerts where the workspace takes those, and else with sections in their place.
type alertClient struct {
	SlackClient
	log    *slog.Logger
	alerts *bot.NewBlocks
}

func (c alertClient) OpenView(ctx context.Context, trigger string, v slack.ModalViewRequest) (bot.View, error) {
	return c.send(ctx, v, func(v slack.ModalViewRequest) (bot.View, error) { return c.SlackClient.OpenView(ctx, trigger, v) })
}

func (c alertClient) UpdateView(ctx context.Context, id, hash string, v slack.ModalViewRequest) (bot.View, error) {
	return c.send(ctx, v, func(v slack.ModalViewRequest) (bot.View, error) {
		return c.SlackClient.UpdateView(ctx, id, hash, v)
	})
}

func (c alertClient) UpdateNamedView(ctx context.Context, v slack.ModalViewRequest) (bot.View, error) {
	return c.send(ctx, v, func(v slack.ModalViewRequest) (bot.View, error) { return c.SlackClient.UpdateNamedView(ctx, v) })
}

func (c alertClient) send(ctx context.Context, v slack.ModalViewRequest, to func(slack.ModalViewRequest) (bot.View, error)) (shown bot.View, err error) {
	without := forms.WithoutAlerts(v)
	if len(without.Blocks.BlockSet) == 0 {
		return to(v)
	}
	err = c.alerts.Send(ctx, c.log, func(with bool) error {
		sent := without
		if with {
			sent = v
		}
		shown, err = to(sent)
		return err
	})
	return shown, err
}
