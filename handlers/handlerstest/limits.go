package handlerstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
)

const maxMessageText = 4000 // code points: chat.update refuses more, chat.postMessage splits it

// CheckMessage says why Slack would refuse a message, or cut it; nil: it would do neither.
func CheckMessage(m bot.Message) error {
	var problems []string
	switch n := utf8.RuneCountInString(m.Text); {
	case strings.TrimSpace(m.Text) == "":
		problems = append(problems, "the text is empty: it is all that screen readers and notifications have")
	case n > maxMessageText:
		problems = append(problems, fmt.Sprintf("the text has %d of at most %d characters", n, maxMessageText))
	}
	var blocks []any
	if err := asSent(m.Blocks, &blocks); err != nil {
		return err
	}
	return against(append(problems, blockkit.CheckMessage(blocks, false)...))
}

// CheckModal says why Slack would refuse a modal.
func CheckModal(v slack.ModalViewRequest) error { return checkView(v) }

// CheckHome says why Slack would refuse a home tab.
func CheckHome(v slack.HomeTabViewRequest) error { return checkView(v) }

func checkView(v any) error {
	var view map[string]any
	if err := asSent(v, &view); err != nil {
		return err
	}
	code, problems := blockkit.CheckView(view, false)
	if code != "" && len(problems) == 0 {
		problems = []string{code}
	}
	return against(problems)
}

// asSent decodes what the library makes of a value: that is what Slack sees.
func asSent(v, to any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}

func against(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New("against Slack's limits: " + strings.Join(problems, "; "))
}
