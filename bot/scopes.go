package bot

import (
	"maps"
	"slices"
)

// methodScopes is every method of the Web API that is called here, with the scopes of the bot token that it needs
// (Slack's docs: the page of each method). A test holds it against the calls in this package.
var methodScopes = map[string][]string{
	"auth.test":                    nil,
	"chat.delete":                  {"chat:write"},
	"chat.getPermalink":            nil,
	"chat.postEphemeral":           {"chat:write"},
	"chat.postMessage":             {"chat:write"},
	"chat.update":                  {"chat:write"},
	"conversations.history":        {"channels:history", "groups:history"}, // a public channel, a private one
	"conversations.members":        {"channels:read", "groups:read"},
	"conversations.open":           {"im:write"},
	"conversations.replies":        {"channels:history", "groups:history"},
	"files.completeUploadExternal": {"files:write"},
	"files.getUploadURLExternal":   {"files:write"},
	"usergroups.users.list":        {"usergroups:read"},
	"users.info":                   {"users:read"},
	"views.open":                   nil,
	"views.publish":                nil,
	"views.update":                 nil,
}

// Scopes returns the scopes that the bot token needs, sorted: for slash commands, and for every method called here.
func Scopes() []string {
	all := map[string]bool{"commands": true}
	for _, scopes := range methodScopes {
		for _, s := range scopes {
			all[s] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
