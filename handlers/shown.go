package handlers

import (
	"crypto/sha256"
	"encoding/json"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

func (t *Teller) unchanged(id string, d drawing) bool {
	sum, ok := fingerprint(d.msg)
	t.mu.Lock()
	defer t.mu.Unlock()
	last, shown := t.shown[id][d.slot]
	return ok && shown && last == sum
}

func (t *Teller) remember(id string, d drawing) {
	sum, ok := fingerprint(d.msg)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.shown) > 10_000 { // another process told the ends of these: forgetting costs one redrawing each
		clear(t.shown)
	}
	if t.shown[id] == nil {
		t.shown[id] = map[string][32]byte{}
	}
	t.shown[id][d.slot] = sum
}

func fingerprint(m bot.Message) (sum [32]byte, ok bool) {
	raw, err := json.Marshal(struct {
		Text   string
		Blocks []slack.Block
	}{m.Text, m.Blocks})
	return sha256.Sum256(raw), err == nil
}
