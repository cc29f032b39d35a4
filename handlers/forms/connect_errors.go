package forms

import (
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Errors are problems by block id. Slack shows them beside inputs only; one of a field that is hidden is shown beside
// the reason, under its name. Which fields are shown is known from how the modal was drawn: a client may leave empty
// ones out of what it sends.
func (m ConnectMetadata) Errors(f Connect, wrong *change.InvalidError) map[string]string {
	f.Model = m.Model // as it was drawn
	drawn := InputBlocks(ConnectModal(f, m))
	out := map[string]string{}
	for _, p := range wrong.Problems {
		block, say := m.block(p.Field), cards.ProblemSays(p)
		if !slices.Contains(drawn, block) {
			block, say = m.block(link.FieldReason), cards.FieldName(p.Field)+": "+p.Say
		}
		addError(out, block, f.named(say))
	}
	return out
}
