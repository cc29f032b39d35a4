package forms

import (
	"slices"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

const maxCheckboxes = 10 // of one group, Slack's limit; more are chosen from a list

func migrateForm() Change {
	return Change{
		Verb: "migrate", Args: "[deployment/alias]",
		Does:  "replace TLS certificates with API keys, for one alias or all of a deployment",
		title: "Migrate to API keys", submit: "Request approval",
		intro:  "Moves connections from TLS certificates (deprecated) to API keys under the same alias. Each key is tested first. If one alias fails, all are rolled back. Trust that the bot created and nothing else uses is removed last.",
		Others: true,
		Form: func(e link.ConnectionState, aliases []string, m Metadata) []slack.Block {
			if e.WhyNot(link.KindMigrate) == "" && !slices.Contains(aliases, e.Alias) {
				aliases = append([]string{e.Alias}, aliases...) // not every cluster may have answered in time
			}
			if len(aliases) == 0 {
				return nil
			}
			return []slack.Block{
				aliasesInput(m, e.Alias, aliases),
				several(textInput(m, link.FieldSearch, "Indices that the keys may search", searchHint+" Each key gets all of them.", maxPatterns, "")),
				several(textInput(m, link.FieldReplication, "Indices that the keys may replicate", "Required if follower indices use the connection. Patterns as above.", maxPatterns, "")),
				expiryInput(m, 90),
				pauseInput(m, len(e.Pausable()) > 0),
				mrkdwn.Section(usedBy(e)),
			}
		},
		Ask: func(n link.Name, _ Metadata, f Answers) (change.Kind, any, *change.InvalidError) {
			wrong := &change.InvalidError{}
			p := link.MigrateParams{Local: n.Local, Access: f.access(), ExpiryDays: f.days(wrong), Pause: len(f[link.FieldPause].Options) > 0}
			for _, o := range f[link.FieldAliases].Options {
				p.Aliases = append(p.Aliases, o.Value)
			}
			return link.KindMigrate, p, wrong
		},
	}
}

// pauseInput offers what Elastic's page on migrations asks for before the alias is changed over, and after.
func pauseInput(m Metadata, on bool) slack.Block {
	in := box(link.FieldPause, "Replication and jobs that use the aliases", "Pause them during the migration",
		"Auto-follow, followers, transforms and datafeeds", on)
	in.BlockID = blockOf(m, link.FieldPause)
	return in
}

// aliasesInput offers aliases of a deployment; the one that was chosen is ticked, if it is among them.
func aliasesInput(m Metadata, chosen string, all []string) slack.Block {
	all = all[:min(len(all), MaxOptions)]
	var opts, ticked []*slack.OptionBlockObject
	for _, alias := range all {
		o := slack.NewOptionBlockObject(alias, mrkdwn.Plain(alias, mrkdwn.MaxOption), nil)
		opts = append(opts, o)
		if alias == chosen {
			ticked = append(ticked, o)
		}
	}
	var el slack.BlockElement
	if len(opts) <= maxCheckboxes {
		boxes := slack.NewCheckboxGroupsBlockElement("order."+link.FieldAliases, opts...)
		boxes.InitialOptions = ticked
		el = boxes
	} else {
		list := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, mrkdwn.Plain("Choose aliases", 150), "order."+link.FieldAliases, opts...)
		list.InitialOptions, list.MaxSelectedItems = ticked, new(link.MaxMigrated)
		el = list
	}
	return slack.NewInputBlock(blockOf(m, link.FieldAliases), mrkdwn.Plain("Aliases of this deployment that use certificates", 2000), nil, el)
}
