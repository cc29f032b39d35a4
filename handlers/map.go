package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

const (
	mapLines  = 100  // of the list beside a picture
	mapText   = 9000 // characters of them: three blocks, whatever things are called
	maxAlt    = 2000 // Slack's limit of a picture's description
	elsewhere = "elsewhere"
)

// mapView draws who can read whom.
type mapView struct {
	connections Connections
	finder      *finder
	states      *states
	links       *links
	slack       SlackClient
	draw        func(export.Graph) ([]byte, error) // nil: there are no pictures
	drawing     sync.Mutex
	command     string
	tell        *reply.Replier
	log         *slog.Logger
}

// mapCommand shows who reads whom. The picture goes to a direct message: a file can't be shown to one person in a
// channel, and who sees the message sees the file.
func (h *mapView) mapCommand(_ context.Context, c bot.Command, args []string) bot.Answer {
	return h.tell.Later(c, func(ctx context.Context) bot.Message { return h.showMap(ctx, c.User.ID, strings.Join(args, " ")) })
}

// showMap sends somebody the map, and says where it is: or shows the list alone, with why there is no picture.
func (h *mapView) showMap(ctx context.Context, user, text string) bot.Message {
	limited, cancel := context.WithTimeout(ctx, atOnce)
	defer cancel()
	l, near := h.mapped(limited, text)
	statuses := h.states.statusesOf(ctx, l.Connections)
	head := listHead(l, statuses, text) + h.finder.didYouMean("map", near)
	all := make([]export.Connection, 0, len(l.Connections))
	for _, c := range l.Connections {
		all = append(all, mapConnection(c, knownOf(c, statuses[c.Name()]).State()))
	}
	export.Sort(all)
	g := export.GraphOf(all)
	list := h.mapList(g)
	if note := listMissing(l); note != "" {
		list = append(list, mrkdwn.Small(note))
	}
	blocks := append([]slack.Block{mrkdwn.Section(head)}, list...)
	if len(g.Edges) == 0 {
		return bot.Message{Text: head, Blocks: blocks}
	}
	posted, err := h.postMap(ctx, user, g, head, list)
	if err != nil {
		return bot.Message{Text: head, Blocks: append(blocks, mrkdwn.Small(h.noPicture(ctx, err)))}
	}
	return mrkdwn.Message(head + "\nThe map is in your direct messages" + h.links.messageLink(ctx, change.Message{Channel: posted.Channel, ID: posted.TS}, "open it") + ".")
}

// mapped are the connections that a map shows: all, or those that the words name by either side; near as of listed.
func (h *mapView) mapped(ctx context.Context, text string) (l inventory.Listing, near string) {
	l = h.connections.List(ctx, "")
	if found := matching(l.Connections, strings.Fields(text)); len(found) > 0 || text == "" {
		l.Connections = found
		return l, ""
	}
	return h.finder.listed(ctx, text)
}

// mapConnection is a connection as a line of a picture.
func mapConnection(c inventory.Connection, state diagnose.State) export.Connection {
	side := func(d elastic.Deployment) export.Side {
		return export.Side{Platform: d.Platform, Deployment: d.Deployment, Name: cmp.Or(d.Name, d.Deployment)}
	}
	x := export.Connection{Local: side(c.Local), Alias: c.Alias, State: state}
	switch {
	case c.Remote != nil:
		x.Remote = side(*c.Remote)
	case c.Managed != nil:
		x.Remote = export.Of(*c.Managed).Remote
	default:
		address := cmp.Or(c.Info.ProxyAddress, "address not known")
		x.Remote = export.Side{Platform: elsewhere, Deployment: address, Name: address}
	}
	return x
}

// mapSentences are the lines of a picture in words, the worst first.
func mapSentences(g export.Graph, line func(e export.Edge, from, to string) string) []string {
	names := map[string]string{}
	for _, n := range g.Nodes {
		names[n.ID] = n.Label
	}
	edges := slices.Clone(g.Edges)
	slices.SortStableFunc(edges, func(a, b export.Edge) int { return diagnose.Worse(a.State, b.State) })
	out := make([]string, len(edges))
	for i, e := range edges {
		out[i] = line(e, names[e.From], names[e.To])
	}
	return out
}

// mapList is the same as a picture, as a list.
func (h *mapView) mapList(g export.Graph) []slack.Block {
	lines := mapSentences(g, func(e export.Edge, from, to string) string {
		return fmt.Sprintf("%s *%s* → *%s* · %s", cards.StateFace(e.State), mrkdwn.Named(from, mrkdwn.MaxName), mrkdwn.Named(to, mrkdwn.MaxName), mrkdwn.Line(e.Label, mrkdwn.MaxName))
	})
	var more []string
	room, shown := mapText, 0
	for _, s := range lines[:min(len(lines), mapLines)] {
		if room -= utf8.RuneCountInString(s); room < 0 {
			break
		}
		shown++
	}
	if n := len(lines) - shown; n > 0 {
		lines, more = lines[:shown], append(more, fmt.Sprintf("… and %d more, which are no worse", n))
	}
	if g.Grouped {
		more = append(more, fmt.Sprintf("More than %d deployments: grouped by platform. %s shows one by itself", export.MaxNodes, bot.Code(h.command+" map [deployment]")))
	}
	var blocks []slack.Block
	for _, page := range mrkdwn.Pages(lines) {
		blocks = append(blocks, mrkdwn.Section(page))
	}
	for _, s := range more {
		blocks = append(blocks, mrkdwn.Small(s+"."))
	}
	return blocks
}

var errNoPictures = errors.New("this program draws no pictures")

// postMap draws a map and sends it to somebody.
func (h *mapView) postMap(ctx context.Context, user string, g export.Graph, head string, list []slack.Block) (posted bot.Posted, err error) {
	drawn, err := h.picture(g)
	if err != nil {
		return posted, fmt.Errorf("drawing: %w", err)
	}
	alt := "Who reads whom. " + strings.Join(mapSentences(g, func(e export.Edge, from, to string) string {
		return fmt.Sprintf("%s reads %s: %s", mrkdwn.Clean(from), mrkdwn.Clean(to), mrkdwn.Clean(e.Label))
	}), "; ")
	dm, err := h.slack.OpenDM(ctx, user)
	if err != nil {
		return posted, err
	}
	file, err := h.slack.Upload(ctx, bot.Picture{Name: "map.png", Alt: alt, PNG: drawn})
	if err != nil {
		return posted, err
	}
	picture := slack.NewImageBlockSlackFile(&slack.SlackFileObject{ID: file}, bot.Cut(alt, maxAlt), "", nil)
	blocks := append([]slack.Block{mrkdwn.Section(head), picture}, list...)
	return h.slack.PostPicture(ctx, dm, bot.Message{Text: head + "\n" + mrkdwn.Escape(alt, maxAlt), Blocks: blocks})
}

// picture draws one picture at a time: each takes some 30 MB meanwhile.
func (h *mapView) picture(g export.Graph) ([]byte, error) {
	if h.draw == nil {
		return nil, errNoPictures
	}
	h.drawing.Lock()
	defer h.drawing.Unlock()
	return h.draw(g)
}

// noPicture says why there is a list alone.
func (h *mapView) noPicture(ctx context.Context, err error) string {
	h.log.WarnContext(ctx, "no picture of the map", "request_id", bot.RequestID(ctx), "error", err)
	e, refused := errors.AsType[*bot.Error](err)
	switch {
	case refused && e.Kind == bot.Scope:
		return "No picture: the Slack app lacks the scope " + bot.Code(mrkdwn.Clean(e.Needed)) + ". Add it under OAuth & Permissions in the app's settings, and install the app again."
	case refused && e.Kind == bot.Unavailable && e.Method == bot.UploadURL:
		return "No picture: the bot could not reach " + bot.Code("files.slack.com") + ". Try again in a moment; if it stays so, a firewall may be in between."
	case refused && e.Code != "":
		return "No picture: Slack answered " + bot.Code(mrkdwn.Clean(e.Code)) + "."
	case refused:
		return "No picture: Slack could not be reached. Try again in a moment."
	}
	return "No picture: it could not be drawn. The bot's log says why."
}
