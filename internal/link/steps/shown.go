package steps

import (
	"encoding/json"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// ShownElsewhere tells of a change that did not come about the address of nobody known where the key of a connection may
// have been shown on the way: the key that is in use now.
func ShownElsewhere(r *change.Request) (alias, address string, ok bool) {
	if !link.GoesElsewhere(r.Proposal.Traits) {
		return "", "", false
	}
	for _, line := range r.Journal {
		todo := r.Proposal.Step(line.Step)
		if todo == nil {
			continue
		}
		var before, after elastic.Settings
		switch todo.Action() {
		case StepUpdateSettings:
			var a UpdateSettingsArgs
			if json.Unmarshal(todo.Args, &a) == nil && line.Evidence[evFound] != "" {
				alias, before, after = a.Alias, a.Before, a.After
			}
		case StepRotateKey: // where there was no key before, undoing ends the new one
			var a RotateKeyArgs
			if json.Unmarshal(todo.Args, &a) == nil && line.Evidence[evReplaced] != "" && a.HasKey && a.After != nil {
				alias, before, after = a.Connect.Alias, a.Before, *a.After
			}
		}
		was, is := before.Options(alias), after.Options(alias)
		if address = is["proxy_address"]; address != "" && (was["proxy_address"] != address || was["server_name"] != is["server_name"]) {
			return alias, address, true
		}
	}
	return "", "", false
}
