package handlers

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// mapDesk is a desk with a connection that does not work and one that somebody set by hand, which draws.
func mapDesk(t *testing.T) (d *desk, drawn *[]export.Graph) {
	t.Helper()
	d, drawn = newDesk(t), new([]export.Graph)
	d.with(func(o *Options) {
		o.Draw = func(g export.Graph) ([]byte, error) {
			*drawn = append(*drawn, g)
			return []byte("a picture"), nil
		}
	})
	d.connected()
	d.byCertificate("nowhere")
	n, err := link.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	d.finds(n, diagnose.Problem{Kind: diagnose.ProblemDown, Say: "The key is gone."})
	return d, drawn
}

// posted is the only message that is not told to one person.
func (d *desk) posted() (channel string, msg bot.Message) {
	d.t.Helper()
	all := d.slack.Visible()
	if len(all) != 1 {
		d.t.Fatalf("%d messages were posted", len(all))
	}
	return all[0].Channel, all[0].Msg
}

// The picture goes to who asked, in a direct message, with the same as a list: worst first, by the states of the list.
func TestMapIsADirectMessage(t *testing.T) {
	d, drawn := mapDesk(t)
	d.types("map")
	channel, msg := d.posted()
	if channel != "D"+asker.ID {
		t.Errorf("posted in %s", channel)
	}
	handlerstest.GoldenMessage(t, "map", msg)
	if len(d.slack.Uploads) != 1 || string(d.slack.Uploads[0].PNG) != "a picture" || !strings.Contains(d.slack.Uploads[0].Alt, "logs-prod reads search-eu: search-eu (down)") {
		t.Errorf("uploaded: %+v", d.slack.Uploads)
	}
	if got := d.shown().Text; !strings.Contains(got, "2 remote connections") || !strings.Contains(got, "in your direct messages · <https://example.slack.com/archives/D") {
		t.Errorf("answered: %s", got)
	}
	want := map[string]diagnose.State{"search-eu (down)": diagnose.StateDown, "nowhere (not checked)": diagnose.StateUnchecked}
	for _, e := range (*drawn)[0].Edges {
		if want[e.Label] != e.State {
			t.Errorf("drawn: %+v", e)
		}
	}
}

// What is named is a local or a remote side, in both directions; a word that fits nothing gets a guess.
func TestMapOfADeployment(t *testing.T) {
	d, drawn := mapDesk(t)
	d.types("map search-eu")
	d.types("map logs-prod")
	if n := len((*drawn)[0].Edges); n != 1 {
		t.Errorf("search-eu has %d lines", n)
	}
	if n := len((*drawn)[1].Edges); n != 2 {
		t.Errorf("logs-prod has %d lines", n)
	}
	d.types("map logs-prdo")
	if got := d.shown().Text; len(*drawn) != 2 || !strings.Contains(got, "Did you mean `/remote-cluster map logs-prod`?") {
		t.Errorf("answered: %s", got)
	}
}

// Without a picture there is the list, and why.
func TestMapWithoutAPicture(t *testing.T) {
	for why, test := range map[string]struct {
		call string
		err  error
	}{
		"lacks the scope `files:write`":    {"upload", &bot.Error{Kind: bot.Scope, Code: "missing_scope", Needed: "files:write"}},
		"answered `file_uploads_disabled`": {"upload", &bot.Error{Kind: bot.Other, Code: "file_uploads_disabled"}},
		"answered `messages_tab_disabled`": {"post", &bot.Error{Kind: bot.Gone, Code: "messages_tab_disabled"}},
		"lacks the scope `im:write`":       {"dm", &bot.Error{Kind: bot.Scope, Code: "missing_scope", Needed: "im:write"}},
		"could not be reached":             {"upload", &bot.Error{Kind: bot.Unavailable}},
		"not reach `files.slack.com`":      {"upload", &bot.Error{Kind: bot.Unavailable, Method: bot.UploadURL}},
		"it could not be drawn":            {"draw", nil},
	} {
		d, _ := mapDesk(t)
		if test.call == "draw" {
			d.with(func(o *Options) { o.Draw = func(export.Graph) ([]byte, error) { return nil, errors.New("no font") } })
		} else {
			d.slack.Order(test.call, test.err)
		}
		d.types("map")
		m := d.shown()
		shown := handlerstest.ToJSON(t, m.Blocks)
		if !strings.Contains(shown, "No picture: ") || !strings.Contains(shown, why) || !strings.Contains(shown, "*logs-prod* → *search-eu* · search-eu (down)") {
			t.Errorf("%s: shown %s", why, shown)
		}
		if len(d.slack.Visible()) > 0 {
			t.Errorf("%s: posted all the same", why)
		}
		if strings.Contains(why, "files:write") {
			handlerstest.GoldenMessage(t, "map_no_scope", m)
		}
	}
}

// Names are what people typed somewhere: they format nothing, and many of them break no limit of Slack's.
func TestMapTakesManyConnectionsAndAnyName(t *testing.T) {
	d := newDesk(t)
	var all []export.Connection
	for i := range 2 * mapLines {
		x := mapConnection(inventory.Connection{
			Local: elastic.Deployment{Ref: elastic.Ref{Platform: "ece", Deployment: "a"}, Name: "<!channel> *b* " + strings.Repeat("x", 300)},
			Alias: fmt.Sprint("alias-", i), Info: elastic.RemoteInfo{ProxyAddress: "<https://evil.example|here>"},
		}, diagnose.StateWorking)
		all = append(all, x)
	}
	blocks := d.maps.mapList(export.GraphOf(all))
	if err := handlerstest.CheckMessage(bot.Message{Text: "x", Blocks: blocks}); err != nil {
		t.Error(err)
	}
	if s := handlerstest.ToJSON(t, blocks); strings.Contains(s, "<!channel>") || strings.Contains(s, "<https") || !strings.Contains(s, "more, which are no worse") || len(blocks) > 5 {
		t.Errorf("shown: %s", bot.Cut(s, 2000))
	}
}

func TestMapListsAHundredLines(t *testing.T) {
	d := newDesk(t)
	var all []export.Connection
	for i := range 2 * mapLines {
		all = append(all, mapConnection(inventory.Connection{
			Local: elastic.Deployment{Ref: elastic.Ref{Platform: "ece", Deployment: "a"}}, Alias: fmt.Sprint("m", i),
			Remote: &elastic.Deployment{Ref: elastic.Ref{Platform: "cloud", Deployment: "m"}},
		}, diagnose.StateWorking))
	}
	if s := handlerstest.ToJSON(t, d.maps.mapList(export.GraphOf(all))); !strings.Contains(s, "… and 100 more, which are no worse") {
		t.Errorf("shown: %s", s)
	}
}

func TestMapOfManyDeploymentsIsGrouped(t *testing.T) {
	d := newDesk(t)
	var all []export.Connection
	for i := range export.MaxNodes {
		all = append(all, mapConnection(inventory.Connection{
			Local: elastic.Deployment{Ref: elastic.Ref{Platform: "ece", Deployment: fmt.Sprint(i)}}, Alias: "m",
			Remote: &elastic.Deployment{Ref: elastic.Ref{Platform: "cloud", Deployment: "m"}, Name: "metrics"},
		}, diagnose.StateWorking))
	}
	if s := handlerstest.ToJSON(t, d.maps.mapList(export.GraphOf(all))); !strings.Contains(s, "*ece* → *cloud* · 60 connections") || !strings.Contains(s, "grouped by platform") {
		t.Errorf("shown: %s", s)
	}
}
