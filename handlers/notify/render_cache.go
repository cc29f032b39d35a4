package notify

import (
	"crypto/sha256"
	"encoding/json"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

func unchanged(n *Notifier, id string, d rendered) bool {
	sum, ok := fingerprint(d.msg)
	n.mu.Lock()
	defer n.mu.Unlock()
	last, shown := n.shown.Get(id)[d.slot]
	return ok && shown && last == sum
}

func rememberRendered(n *Notifier, id string, d rendered) {
	sum, ok := fingerprint(d.msg)
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	slots := n.shown.Get(id)
	if slots == nil {
		slots = map[string][32]byte{}
	}
	slots[d.slot] = sum
	n.shown.Put(id, slots)
}

func fingerprint(m bot.Message) (sum [32]byte, ok bool) {
	raw, err := json.Marshal(struct {
		Text   string
		Blocks []slack.Block
	}{m.Text, m.Blocks})
	return sha256.Sum256(raw), err == nil
}
