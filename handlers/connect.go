package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
)

// connects is the form that asks for a new connection.
type connects struct {
	requests  Requests
	directory Directory
	slack     SlackClient
	finder    *finder
	roleTests *roleTests
	proposer  *proposer
	views     viewSequencer
	tell      *reply.Replier
	now       func() time.Time
	log       *slog.Logger
}

// connectCommand opens the modal at once: its trigger lives for three seconds and is spent by one use. What was typed
// behind the verb is looked up afterwards.
func (h *connects) connectCommand(ctx context.Context, c bot.Command, args []string) bot.Answer {
	f, m := forms.NewConnect(), forms.ConnectMetadata{Channel: c.Channel, Drawn: h.now().Unix()}
	f.Drawn = m.Drawn
	typed, ok := parseSides(args, h.now())
	if !ok {
		return h.tell.Hint("*connect* takes a local and a remote deployment, and for how long. Put quotes around a name with spaces.")
	}
	m.Keep(f)
	view, err := h.slack.OpenView(ctx, c.TriggerID, forms.ConnectModal(f, m))
	if err != nil {
		return reply.Text(h.tell.Say(ctx, err, reply.Format{}))
	}
	if len(args) == 0 {
		return bot.Answer{}
	}
	turn := h.views.take(view.ID)
	return bot.Answer{Then: func(ctx context.Context) error {
		defer h.views.done(view.ID, turn)
		h.preselect(ctx, typed, &f, &m)
		h.survey(ctx, &f, &m)
		return h.redraw(ctx, view, turn, f, m)
	}}
}

// sides are what was typed behind connect.
type sides struct{ local, remote, alias, until string }

// parseSides reads "local remote", "local to remote as alias", "remote from local" and the like; false: there is more
// than that.
func parseSides(args []string, now time.Time) (s sides, ok bool) {
	args, s.until = forms.TakeUntil(args, now)
	named := map[string]*string{"from": &s.local, "to": &s.remote, "as": &s.alias}
	var rest []string
	for i := 0; i < len(args); i++ {
		if to := named[strings.ToLower(args[i])]; to != nil && *to == "" && i+1 < len(args) {
			i++
			*to = args[i]
			continue
		}
		rest = append(rest, args[i])
	}
	for _, side := range []*string{&s.local, &s.remote} {
		if *side == "" && len(rest) > 0 {
			*side, rest = rest[0], rest[1:]
		}
	}
	return s, len(rest) == 0
}

// connectChanged follows a choice in the modal: with both sides chosen, the rest is filled in.
func (h *connects) connectChanged(_ context.Context, a bot.Action) (bot.Answer, error) {
	return h.redrawFrom(a, nil)
}

// connectMore shows or hides the advanced settings.
func (h *connects) connectMore(_ context.Context, a bot.Action) (bot.Answer, error) {
	return h.redrawFrom(a, func(f *forms.Connect, m *forms.ConnectMetadata) {
		m.More = !m.More
		m.Model = f.Model
	})
}

// connectSubmitted asks for the change. The modal's id makes a second submission the same request.
func (h *connects) connectSubmitted(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	m, err := forms.ParseConnectMetadata(s.View.Metadata)
	if err != nil {
		h.log.ErrorContext(ctx, "a form of the bot that can't be read", "request_id", bot.RequestID(ctx), "error", err)
		return forms.FieldErrors(map[string]string{link.FieldReason: reply.OurFault(ctx, reply.Format{Plain: true})}), nil
	}
	f := forms.ReadConnect(s.View.State, m)
	c, wrong := f.Params()
	if len(wrong.Problems) > 0 {
		return forms.FieldErrors(m.Errors(f, wrong)), nil
	}
	params, err := json.Marshal(c)
	if err != nil {
		return bot.Answer{}, err
	}
	to := reply.Target{User: s.User.ID, Channel: m.Channel}
	return h.proposer.propose(ctx, s, to, change.ProposeInput{
		Kind: link.KindConnect, Params: params, Reason: strings.TrimSpace(f.Texts[link.FieldReason]),
		By: cards.Actor(s.User, m.Channel), Parent: m.Parent, Submission: s.View.ID,
	}, func(err error) bot.Answer { return h.refused(ctx, to, m, f, err) }), nil
}

// connectModel follows the choice of a model, by the radio buttons or by a button that offers one.
func (h *connects) connectModel(_ context.Context, a bot.Action) (bot.Answer, error) {
	model := a.Value.Option.Value
	switch a.ID {
	case forms.ActionCertificates:
		model = string(link.ModelCertificate)
	case forms.ActionKeys:
		model = string(link.ModelKey)
	}
	return h.redrawFrom(a, func(f *forms.Connect, m *forms.ConnectMetadata) {
		if model != string(link.ModelCertificate) {
			model = ""
			f.Texts[link.FieldExpiry] = cmp.Or(f.Texts[link.FieldExpiry], forms.DefaultExpiry) // it was not in the modal
		}
		m.Model, f.Model = model, model
		m.Renew(link.FieldModel, model) // where the radio buttons show something else
	})
}

// refused puts what stood in the way beside the field that it is about.
func (h *connects) refused(ctx context.Context, to reply.Target, m forms.ConnectMetadata, f forms.Connect, err error) bot.Answer {
	if wrong, ok := errors.AsType[*change.InvalidError](err); ok {
		return forms.FieldErrors(m.Errors(f, wrong))
	}
	say := h.tell.Say(ctx, err, reply.Format{Plain: true})
	field := link.FieldReason
	var then func(context.Context) error
	_, held := errors.AsType[*change.LockedError](err)
	refused, barred := errors.AsType[*change.NotAllowedError](err)
	call, outage := errors.AsType[*elastic.CallError](err)
	switch {
	case held:
		field = link.FieldAlias
		then = func(ctx context.Context) error {
			return h.tell.Notify(ctx, to, mrkdwn.Message(h.tell.Say(ctx, err, reply.Format{})))
		}
	case barred && refused.Trait == policy.TraitUntil:
		field = link.FieldUntil
	case outage:
		field = sideOf(call, f)
		say += " Nothing was stored and your entries are kept. Submit again in a moment."
	}
	a := forms.FieldErrors(m.Errors(f, &change.InvalidError{Problems: []change.Problem{{Field: field, Say: say}}}))
	a.Then = then
	return a
}

// sideOf is the field of the deployment that a call was about.
func sideOf(call *elastic.CallError, f forms.Connect) string {
	platform, _, _ := strings.Cut(f.Local.Value, "/")
	name, _, _ := strings.Cut(f.Local.Text, " · ")
	if call.System == platform || (name != "" && strings.HasSuffix(call.System, name)) {
		return link.FieldLocal
	}
	return link.FieldRemote
}

func connectLate(bot.Submission) bot.Answer {
	return forms.FieldErrors(map[string]string{link.FieldReason: reply.SayTime})
}

// connectLetIn fills the addresses in that are missing, for a person to confirm.
func (h *connects) connectLetIn(_ context.Context, a bot.Action) (bot.Answer, error) {
	return h.redrawFrom(a, func(f *forms.Connect, m *forms.ConnectMetadata) {
		m.More = true
		if m.ByCluster {
			f.FilterCluster = true
			m.Renew(link.FieldFilterCluster, "true")
			return
		}
		all := strings.TrimSpace(f.Texts[link.FieldFilter] + "\n" + m.Offer)
		if utf8.RuneCountInString(all) > forms.MaxSources {
			m.Notes = append([]string{"Too many addresses to fill in: " + strings.ReplaceAll(m.Offer, "\n", ", ")}, m.Notes...)
			return
		}
		if m.Guessed {
			m.Notes = append([]string{"The addresses filled in are the local platform's own. After NAT, the remote side sees different ones. " +
				"The bot can't know those: check them before you submit."}, m.Notes...)
		}
		f.Texts[link.FieldFilter] = all
		m.Renew(link.FieldFilter, all)
	})
}

// edit opens the connect modal filled in as the request was. Submitting it withdraws a request that still waits.
func (h *connects) edit(ctx context.Context, a bot.Action) (bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	r, err := h.requests.Get(ctx, s.ID)
	if err == nil {
		err = mayEdit(r, a.User.ID)
	}
	if err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	c, _ := cards.Connection(r)
	f, m := forms.ConnectOf(r, c), forms.ConnectMetadata{Channel: a.Channel, Parent: r.ID, Drawn: h.now().Unix()}
	f.RestoreExtras(c, &m)
	m.Pair = f.Pair()                                       // what stands there was meant: it is not filled in anew
	m.Filled = forms.Suggestions(plan.Followed(r.Proposal)) // unless another deployment is chosen: then it would be the old one's
	m.More = m.More || f.Texts[link.FieldSockets] != "" || c.Compress != "" || c.Scheme != "" || c.PingSchedule != ""
	if !m.Keep(f) {
		m.More = true // it is too long to be kept while it is hidden
	}
	if _, err := h.slack.OpenView(ctx, a.TriggerID, forms.ConnectModal(f, m)); err != nil {
		return h.tell.Error(reply.To(a), err), nil
	}
	return bot.Answer{}, nil
}

func mayEdit(r *change.Request, user string) error {
	_, ok := cards.Connection(r)
	switch {
	case r.Requester.User != user:
		return &change.NotAllowedError{Why: "only the requester can edit this request and submit it again"}
	case !ok:
		return &change.NotAllowedError{Why: "only requests for a new connection can be edited; send the command again instead"}
	case r.State != change.Pending && !r.State.Final():
		return &change.StateError{Event: change.Withdraw, Now: r}
	}
	return nil
}
