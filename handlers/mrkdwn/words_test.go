package mrkdwn_test

import (
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
)

func TestWordsSetsOnlyWhatSlackWouldFormatAsCode(t *testing.T) {
	got := mrkdwn.Words("superusers only (other roles: remote_cluster_bot, _x_); *: matches <@U1>", 200)
	if want := "superusers only (other roles: `remote_cluster_bot`, `_x_`); `*`: matches &lt;@U1&gt;"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := mrkdwn.Words(strings.Repeat("much ", 100), 40); len([]rune(got)) > 40 || !strings.HasSuffix(got, "…") {
		t.Errorf("cut without a word: %s", got)
	}
}
