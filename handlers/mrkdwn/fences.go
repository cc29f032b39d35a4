package mrkdwn

import (
	"encoding/json"
	"strings"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
)

// Fences show text whole, in as many blocks as it takes.
func Fences(s string) []slack.Block {
	var blocks []slack.Block
	for _, part := range Chunks(strings.ReplaceAll(s, "```", "'''")) {
		blocks = append(blocks, Section("```"+bot.Escape(part)+"```"))
	}
	return blocks
}

// Indent lays JSON out over lines; what is none stays as it is.
func Indent(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return body
	}
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return body
	}
	return string(raw)
}
