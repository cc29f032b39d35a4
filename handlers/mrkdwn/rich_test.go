package mrkdwn_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
)

// A cell says what the markup says: names that somebody typed stay text.
func TestCellsSayWhatMarkupSays(t *testing.T) {
	at := time.Unix(1780000000, 0)
	for markup, want := range map[string]string{
		"":                     `{"type":"text","text":"–"}`,
		"a &lt;b&gt; &amp; *c": `{"type":"text","text":"a <b> & *c"}`,
		":red_circle: down":    `{"type":"emoji","name":"red_circle"},{"type":"text","text":" down"}`,
		"by " + mrkdwn.User("U0ANNA") + " in " + mrkdwn.Channel("C0"): `{"type":"text","text":"by "},{"type":"user","user_id":"U0ANNA"},{"type":"text","text":" in "},{"type":"channel","channel_id":"C0"}`,
		"*due " + mrkdwn.When(at) + "*, ~no~":                         `{"type":"text","text":"due ","style":{"bold":true}},{"type":"date","timestamp":1780000000,"format":"{date_short_pretty} {time}","fallback":"28 May 20:26 UTC"},{"type":"text","text":", "},{"type":"text","text":"no","style":{"strike":true}}`,
		"as " + bot.Code("x *y* <z>"):                                 `{"type":"text","text":"as "},{"type":"text","text":"x *y* <z>","style":{"code":true}}`,
		mrkdwn.Link("https://x.example/?a=1&b=2", "there"):            `{"type":"link","url":"https://x.example/?a=1&b=2","text":"there"}`,
		mrkdwn.Named("*x* :tada: <!channel> <@U0X>", 90):              `{"type":"text","text":"∗x∗ : tada: <!channel> <@U0X>"}`,
		"metrics-*, logs-*":                                           `{"type":"text","text":"metrics-*, logs-*"}`,
		"at 10:00:05":                                                 `{"type":"text","text":"at 10:00:05"}`,
	} {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(mrkdwn.Cell(markup)); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(b.String()); got != `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[`+want+`]}]}` {
			t.Errorf("%q\n got %s\nwant %s", markup, got, want)
		}
	}
}
