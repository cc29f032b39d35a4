package playground_test

import (
	"net/http"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// The page shows the pictures that messages show, to nobody but the page.
func TestPageShowsUploadedPictures(t *testing.T) {
	p := open(t)
	p.scene.Slack.SetApp(func(a *workspace.App) { a.Scopes = append(a.Scopes, "files:write") })
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	m := bot.NewMessenger(bot.MessengerOptions{
		Token: func() string { return p.scene.Slack.App().BotToken }, APIURL: p.scene.Slack.APIURL(), HTTP: &http.Client{Transport: transport},
	})
	drawn := "\x89PNG\r\n\x1a\n"
	file, err := m.Upload(t.Context(), bot.Picture{Name: "map.png", PNG: []byte(drawn)})
	if err != nil {
		t.Fatal(err)
	}
	status, got, header := p.do("GET", "/files/"+file, "", nil)
	if status != http.StatusOK || string(got) != drawn || header.Get("Content-Type") != "image/png" {
		t.Errorf("%d %s: %q", status, header.Get("Content-Type"), got)
	}
	if status := p.status("GET", "/files/F0UNKNOWN0", "", nil); status != http.StatusNotFound {
		t.Errorf("an unknown file: %d", status)
	}
	p.http.Jar = nil
	if status := p.status("GET", "/files/"+file, "", nil); status != http.StatusForbidden {
		t.Errorf("without the cookie: %d", status)
	}
}
