package handlers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// statusFor is the status of a connection as one person is shown it.
func (h *inspectView) statusFor(ctx context.Context, user string, x diagnose.HealthReport, s monitor.Status) bot.Message {
	var follow []slack.BlockElement
	thread := ""
	if x.Managed != nil {
		thread = h.links.threadLink(ctx, *x.Managed)
		if said, ok := h.follower.followChoices(ctx, user); ok {
			follow = append(follow, followButton(*x.Managed, x.PairState.Local.Name, user, said[x.Managed.Name().String()]))
		}
	}
	msg := statusMessage(x, s, thread, follow...)
	msg.Blocks = slices.Insert(msg.Blocks, len(msg.Blocks)-1, h.review.reviewBlock(ctx, x)...)
	return msg
}

// statusMessage is everything that is known of one connection, with buttons for what can be done next and
// those that are given. thread leads to the card of its last change, or is empty.
func statusMessage(x diagnose.HealthReport, s monitor.Status, thread string, more ...slack.BlockElement) bot.Message {
	state, word := s.Known().State(), "It works."
	switch {
	case x.Diagnosis != nil:
		word = x.Diagnosis.Say
	case len(s.Problems) > 0:
		word = "It works, but look at this:"
	case state == diagnose.StateUnchecked:
		word = "It could not be checked."
	}
	emoji := cards.StateFace(state)
	head := fmt.Sprintf("%s *%s* on *%s*: %s", emoji, mrkdwn.Line(x.Alias, mrkdwn.MaxName), mrkdwn.Named(x.PairState.Local.Name, mrkdwn.MaxName), mrkdwn.Line(word, mrkdwn.MaxTold))
	blocks := []slack.Block{mrkdwn.Section(head)}
	troubled := x.Diagnosis == nil && len(s.Problems) > 0
	if troubled {
		blocks = append(blocks, mrkdwn.Section(":warning: "+mrkdwn.Words(s.Problems[0].Say, maxCheckShown)))
	}
	blocks = append(blocks, cards.FieldBlocks("", statusFields(x))...)
	if x.Diagnosis != nil {
		blocks = append(blocks, mrkdwn.Section("*Evidence*\n"+cmp.Or(mrkdwn.Quote(x.Evidence, mrkdwn.MaxTold), "–")+"\n"+mrkdwn.Line(x.Diagnosis.Fix, mrkdwn.MaxTold)))
	} else if x.Hint != nil && (!troubled || x.Hint.Cause != link.CauseTrust) {
		blocks = append(blocks, mrkdwn.Small(":bulb: "+mrkdwn.Line(x.Hint.Say, mrkdwn.MaxTold)+" *Diagnose* says what to do."))
	}
	if m := x.Managed; m != nil {
		s := "Last change: request " + bot.Code(m.Record.Request) + " by " + mrkdwn.User(m.Record.By.User) + " · " + mrkdwn.When(m.Record.At)
		if m.Adopted {
			s += " · created by hand, adopted"
		}
		blocks = append(blocks, mrkdwn.Small(s+thread))
	} else {
		blocks = append(blocks, mrkdwn.Small("Created by hand: the bot only monitors it until it is adopted."))
	}
	text := head
	if troubled {
		text += " " + mrkdwn.Line(s.Problems[0].Say, mrkdwn.MaxTold)
	}
	return bot.Message{Text: text, Blocks: append(blocks, slack.NewActionBlock("", append(nextButtons(x), more...)...))}
}

func statusFields(x diagnose.HealthReport) []change.Field {
	var out []change.Field
	add := func(label, value string) {
		if value != "" {
			out = append(out, change.Field{Label: label, Value: value})
		}
	}
	add("Remote", remoteOf(x.ConnectionState))
	if end := x.End(); !end.IsZero() {
		add(link.LabelUntil, link.UntilLine(end))
	}
	add("Settings", x.Own.Brief(x.Alias))
	add("Model", inventory.Connection{Info: x.Info}.Model())
	if x.Listed {
		add("Sockets", fmt.Sprintf("%d of %d connected", x.Info.Sockets, x.Info.MaxSockets))
	}
	add("Certificates", diagnose.TrustLine(&x))
	for _, k := range x.Keys {
		s := k.Name + " (" + k.ID + ")"
		if k.Expires.IsZero() {
			s += ", never expires"
		} else {
			s += ", expires on " + k.Expires.UTC().Format(time.DateOnly)
		}
		add("Key", s)
		add("May search", strings.Join(k.Access.Search, ", "))
		add("May replicate", strings.Join(k.Access.Replication, ", "))
		add("Limits", link.Limits(k.Access))
	}
	if link.LimitsUnknown(x.ConnectionState) {
		add("Limits", "unknown, because the bot doesn't know the key. It may be limited to some documents or fields")
	}
	if len(x.Searched()) > 0 && !x.ByCertificate() {
		add(link.LabelReaders, x.Readers.String())
	}
	if x.Latency > 0 {
		add("Response time", mrkdwn.Took(x.Latency))
	}
	add("Remote version", x.Version)
	add("Used by", strings.Join(x.Users, ", "))
	add("Not checked", strings.Join(append(unread(x.ConnectionState), "Kibana's rules and data views"), "; "))
	return out
}

func unread(e link.ConnectionState) []string {
	if say := e.UsesUnreadSay(); say != "" {
		return []string{say}
	}
	return nil
}

// nextButtons are what can be done with a connection: the fix first, where there is one.
func nextButtons(x diagnose.HealthReport) []slack.BlockElement {
	var out []slack.BlockElement
	has := map[string]bool{}
	add := func(verb, label string, style slack.Style) {
		if has[verb] {
			return
		}
		has[verb] = true
		b := mrkdwn.Button(cards.ConnectionPrefix+verb, cards.PressValue(x.Name, ""), label)
		if style != "" {
			b.Style = style
		}
		out = append(out, b)
	}
	if b := fixButton(x); b != nil && x.Diagnosis != nil {
		out = append(out, b)
		has[cards.SubcommandOf(x.Fix)] = true
	}
	add("diagnose", "Diagnose", "")
	if x.Managed == nil {
		add("adopt", "Adopt…", "")
	}
	switch {
	case x.ByCertificate(): // it has no key to rotate, and an update is for connections by key
		add("migrate", "Migrate to an API key…", "")
	case x.Managed != nil:
		add("rotate", "Rotate the key…", "")
		add("update", "Update…", "")
	}
	if x.Managed != nil && !x.Managed.Until.IsZero() {
		add("extend", "Extend…", "")
	} else if x.Managed != nil {
		add("extend", "Set an end…", "")
	}
	if !x.ByCertificate() {
		out = append(out, mrkdwn.Button(actionTestAs, cards.PressValue(x.Name, ""), "Test as…"))
	}
	add("disconnect", "Disconnect…", slack.StyleDanger)
	return out
}

// fixButton opens the change that mends what was found, filled in.
func fixButton(x diagnose.HealthReport) *slack.ButtonBlockElement {
	verb := cards.SubcommandOf(x.Fix)
	if verb == "" {
		return nil
	}
	cause := link.CauseUnknown
	switch {
	case x.Diagnosis != nil:
		cause = x.Diagnosis.Cause
	case x.Hint != nil:
		cause = x.Hint.Cause
	}
	b := mrkdwn.Button(cards.ConnectionPrefix+verb, cards.PressValue(x.Name, cards.PrefillFor(verb, cause)), "Fix: "+verb+"…")
	if x.Diagnosis != nil {
		b.Style = slack.StylePrimary
	}
	return b
}

// maxCheckShown is more than any check of the bot's own says; what Elasticsearch says may be longer, and ends with an ellipsis.
const maxCheckShown = 2000

// diagnoseMessage is what an examination looked at, in order, and what it found first.
func diagnoseMessage(x diagnose.HealthReport) bot.Message {
	head := fmt.Sprintf(":white_check_mark: *%s* on *%s*: no problems found", mrkdwn.Line(x.Alias, mrkdwn.MaxName), mrkdwn.Named(x.PairState.Local.Name, mrkdwn.MaxName))
	if x.Diagnosis != nil {
		head = fmt.Sprintf(":stethoscope: *%s* on *%s*: %s", mrkdwn.Line(x.Alias, mrkdwn.MaxName), mrkdwn.Named(x.PairState.Local.Name, mrkdwn.MaxName), mrkdwn.Line(x.Diagnosis.Say, mrkdwn.MaxTold))
	}
	var lines []string
	for _, c := range x.Checks {
		icon, say := ":white_check_mark:", mrkdwn.Words
		switch {
		case !c.OK:
			icon, say = ":x:", mrkdwn.Verbatim // Elasticsearch's own words
		case c.Hint:
			icon = ":bulb:"
		}
		lines = append(lines, icon+" "+mrkdwn.Line(c.Name, mrkdwn.MaxName)+": "+say(c.Say, maxCheckShown))
	}
	blocks := []slack.Block{mrkdwn.Section(head)}
	for _, page := range mrkdwn.Pages(lines) {
		blocks = append(blocks, mrkdwn.Section(page))
	}
	title, todo := "*What to do*\n", x.Diagnosis
	if todo == nil && x.Hint != nil {
		title, todo = "*Good to know*\n"+mrkdwn.Line(x.Hint.Say, mrkdwn.MaxTold)+" ", x.Hint
	}
	if todo != nil {
		s := title + mrkdwn.Line(todo.Fix, mrkdwn.MaxTold)
		if x.FixWhy != "" {
			s += "\n" + mrkdwn.Line(x.FixWhy, mrkdwn.MaxTold) + " This needs approval like any other change."
		}
		blocks = append(blocks, mrkdwn.Section(s))
	}
	buttons := []slack.BlockElement{}
	if b := fixButton(x); b != nil {
		buttons = append(buttons, b)
	}
	buttons = append(buttons, mrkdwn.Button(cards.ConnectionPrefix+"status", cards.PressValue(x.Name, ""), "Status"))
	return bot.Message{Text: head, Blocks: append(blocks, slack.NewActionBlock("", buttons...))}
}

// reviewBlock is how the review of a connection stands, below its status; none where nobody reviews it, or that can't be read.
func (h *reviewView) reviewBlock(ctx context.Context, x diagnose.HealthReport) []slack.Block {
	if x.Managed == nil || h.reviews == nil {
		return nil
	}
	r, err := h.reviews.Of(ctx, x.ConnectionState)
	if err != nil {
		return []slack.Block{mrkdwn.Small("Access review: unknown. " + h.tell.Say(ctx, err, reply.Format{}))}
	}
	if r.Kept == nil && r.Due.IsZero() {
		return nil
	}
	return []slack.Block{mrkdwn.Small("Access review: " + reviewWords(r, h.now()))}
}

// reviewWords are how the review of a connection stands.
func reviewWords(r monitor.AccessReview, now time.Time) string {
	last := "approved " + mrkdwn.When(r.Since)
	if r.Kept != nil {
		last = "kept by " + mrkdwn.User(r.Kept.By.User) + " " + mrkdwn.When(r.Since)
	}
	rule := " (rule " + mrkdwn.Line(r.Rule, mrkdwn.MaxName) + ")"
	switch {
	case r.Uncovered != "":
		return last + ". " + mrkdwn.Upper(mrkdwn.Line(r.Uncovered, mrkdwn.MaxTold))
	case r.Due.IsZero():
		return last + "; no review required" + rule
	case !now.Before(r.Due):
		return "*overdue since " + mrkdwn.When(r.Due) + "*" + rule + ", " + last
	}
	return last + "; next one due " + mrkdwn.When(r.Due) + rule
}
