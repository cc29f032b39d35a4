package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// happens is what other people do to the workspace while the bot works.
func (s *story) happens(_ *testscript.TestScript, args []string) error {
	switch args[0] {
	case "revokes":
		s.Slack.Revoke("token_revoked")
	case "restores":
		s.Slack.Revoke("")
	case "archives":
		s.Slack.Archive(sim.Channel)
	case "unarchives":
		s.Slack.Unarchive(sim.Channel)
	case "withholds":
		s.Slack.SetApp(func(a *workspace.App) {
			a.Scopes = slices.DeleteFunc(slices.Clone(a.Scopes), func(scope string) bool { return scope == args[1] })
		})
	case "refuses":
		s.Slack.Do(workspace.Order{RefuseNewBlocks: new(true)})
	case "dismisses":
		s.Slack.Deactivate(args[1])
	case "restricts":
		s.Slack.Restrict(args[1])
	case "deletes":
		var on workspace.Message
		_, err := s.Until(s.ctx, storyWait, func(w workspace.State) bool {
			for _, m := range s.visible(w, "") {
				if strings.Contains(w.Render(m), args[1]) {
					on = m
				}
			}
			return on.TS != ""
		})
		if err != nil {
			return fmt.Errorf("no message shows %q: %w", args[1], err)
		}
		s.Slack.DeleteMessage(on.Channel, on.TS)
	default:
		return fmt.Errorf("nobody does %q to a workspace", args[0])
	}
	return nil
}
