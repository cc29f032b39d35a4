package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// connectCommand opens the modal at once: its trigger lives for three seconds and is spent by one use. What was typed
// behind the verb is looked up afterwards.
func (h *Handlers) connectCommand(ctx context.Context, c bot.Command, args []string) bot.Answer {
	f, m := newForm(), connectMetadata{Channel: c.Channel, Drawn: h.o.Now().Unix()}
	f.Drawn = m.Drawn
	typed, ok := parseSides(args, h.o.Now())
	if !ok {
		return h.hint("*connect* takes a local and a remote deployment, and for how long. Put quotes around a name with spaces.")
	}
	m.keep(f)
	view, err := h.o.Slack.OpenView(ctx, c.TriggerID, connectModal(f, m))
	if err != nil {
		return reply(h.say(ctx, err, textFormat{}))
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
	args, s.until = takeUntil(args, now)
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

// preselect chooses the deployments that were typed, where exactly one fits, and fills in the alias.
func (h *Handlers) preselect(ctx context.Context, typed sides, f *connectForm, m *connectMetadata) {
	if typed.alias != "" {
		f.Texts[link.FieldAlias] = typed.alias
		m.renew(link.FieldAlias, typed.alias)
	}
	if typed.until != "" {
		f.Texts[link.FieldUntil] = bot.Cut(typed.until, maxUntil)
		m.renew(link.FieldUntil, typed.until)
	}
	for _, side := range []struct {
		typed, field string
		to           *bot.Option
	}{{typed.local, link.FieldLocal, &f.Local}, {typed.remote, link.FieldRemote, &f.Remote}} {
		if side.typed == "" {
			continue
		}
		found := h.o.Directory.Find(ctx, side.typed, maxOptions)
		d, why := only(found, side.typed)
		if why != "" {
			if len(found.Deployments) == 0 {
				why += h.nearDeployment(ctx, side.typed)
			}
			m.Notes = append(m.Notes, why)
			continue
		}
		if o, ok := choose(d); ok {
			*side.to = o
			m.renew(side.field, o.Value)
		}
	}
}

// nearDeployment guesses at the deployment that was meant.
func (h *Handlers) nearDeployment(ctx context.Context, typed string) string {
	if name, edits := nearestOf(h.deploymentNames(ctx), strings.ToLower(typed)); edits > 0 && edits < nearEnough {
		return " Did you mean " + name + "?"
	}
	return ""
}

// only is the one deployment that text names: by name or id, or the only one found. why says why there is none.
func only(found inventory.Found, text string) (d elastic.Deployment, why string) {
	var exact []elastic.Deployment
	for _, d := range found.Deployments {
		if strings.EqualFold(d.Given(), text) || strings.EqualFold(d.Deployment, text) || strings.EqualFold(d.String(), text) {
			exact = append(exact, d)
		}
	}
	if len(exact) == 0 {
		exact = found.Deployments
	}
	name := "“" + bot.Cut(mrkdwn.Clean(text), 60) + "”"
	switch {
	case len(exact) == 1:
		return exact[0], ""
	case len(exact) > 1:
		return d, mrkdwn.Plural(len(exact), "deployment", "deployments") + " fit " + name + ": choose one."
	case len(found.Down) > 0:
		return d, name + " was not found, but not every platform could be asked: " + found.Down[0].Why + "."
	}
	return d, "There is no deployment " + name + ": choose one."
}

// connectChanged follows a choice in the modal: with both sides chosen, the rest is filled in.
func (h *Handlers) connectChanged(_ context.Context, a bot.Action) (bot.Answer, error) {
	return h.redrawFrom(a, nil)
}

// connectMore shows or hides the advanced settings.
func (h *Handlers) connectMore(_ context.Context, a bot.Action) (bot.Answer, error) {
	return h.redrawFrom(a, func(f *connectForm, m *connectMetadata) {
		m.More = !m.More
		m.Model = f.Model
	})
}

// redrawFrom draws the modal anew: edit changes how it is drawn; nil follows a choice of deployments.
func (h *Handlers) redrawFrom(a bot.Action, edit func(*connectForm, *connectMetadata)) (bot.Answer, error) {
	if a.View == nil {
		return bot.Answer{}, errors.New("the connect modal changed outside a modal")
	}
	view := *a.View
	m, err := parseConnectMetadata(view.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	f := readForm(view.State, m)
	turn := h.views.take(view.ID)
	return bot.Answer{Then: func(ctx context.Context) error {
		defer h.views.done(view.ID, turn)
		if edit != nil {
			m.edit(&f, edit)
			if f.pair() == m.Pair {
				return h.redraw(ctx, view, turn, f, m)
			}
		}
		if !h.survey(ctx, &f, &m) && edit == nil {
			return nil
		}
		return h.redraw(ctx, view, turn, f, m)
	}}, nil
}

// edit changes how the modal is drawn. Where that would hide what is too long to be kept meanwhile, nothing changes, and
// the modal says why.
func (m *connectMetadata) edit(f *connectForm, how func(*connectForm, *connectMetadata)) {
	before, form := *m, *f
	form.Texts = maps.Clone(f.Texts)
	how(f, m)
	if m.keep(*f) {
		return
	}
	*m, *f = before, form
	m.renew(link.FieldModel, f.Model) // where the radio buttons show something else
	m.Notes = append([]string{"The advanced settings stay open: what you entered is too long to keep while they are hidden."}, m.Notes...)
}

// survey looks at both sides once they are chosen, fills in what they tell, and notes what people should know. It
// reports whether there is anything new to draw.
func (h *Handlers) survey(ctx context.Context, f *connectForm, m *connectMetadata) bool {
	pair := f.pair()
	if pair == m.Pair {
		return false
	}
	m.Pair, m.Notes = pair, nil
	if pair == "" {
		return true
	}
	local, err := elastic.ParseRef(f.Local.Value)
	remote, err2 := elastic.ParseRef(f.Remote.Value)
	if err := errors.Join(err, err2); err != nil {
		m.Notes = []string{"Choose both deployments from the lists."}
		return true
	}
	s, err := h.o.Directory.ReadPair(ctx, local, remote)
	if err != nil {
		m.Pair, m.More = "", true // so that choosing again asks again
		m.Notes = []string{h.say(ctx, err, textFormat{plain: true}), "The bot couldn't fill anything in. Enter the values yourself."}
		return true
	}
	c := link.Prefill(s)
	models := s.Models()
	keys := slices.Contains(models, link.ModelKey)
	m.Keys = keys && f.byCertificate() // nothing is offered otherwise
	m.Certificates = !keys && slices.Contains(models, link.ModelCertificate)
	if f.byCertificate() {
		h.suggestTrust(ctx, s, &c, m)
	}
	m.fill(f, c)
	m.More = m.More || f.Texts[link.FieldAddress] == "" || f.Texts[link.FieldServerName] == "" // a person has to
	m.Private = bot.Cut(s.PrivateHint(), 300)
	m.MayFilter, m.MayIdentify, m.NoRestart = s.CanAddFilters(), s.MayIdentify(), !s.CanRestart()
	f.Restart = f.Restart && !m.NoRestart
	if !m.MayIdentify { // its fields are gone with the deployments that could do it
		f.Identity, f.Organization = false, false
		delete(f.Texts, link.FieldAuthorities)
	}
	m.NoSignature, m.NoOrganization = bot.Cut(s.NoSignature(), 300), s.LocalOn.Kind == elastic.KindSelfManaged
	m.Unmanaged = bot.Cut(s.Unmanaged(), 300)
	m.offerFilter(s, f)
	m.Notes = append(m.Notes, notesOf(s, f)...)
	return true
}

// notesOf are the survey's problems and warnings, worst first, for the modal. What is said of fields that are not filled
// in yet is left out.
func notesOf(s link.PairState, f *connectForm) []string {
	c, _ := f.connect()
	var notes []string
	for _, p := range s.Problems(c).Problems {
		notes = append(notes, cards.ProblemSays(p))
	}
	if len(c.Access.Search)+len(c.Access.Replication) == 0 {
		c.Access.Search = []string{"-"} // nothing is known of it yet
	}
	c.SkipUnavailable = false // what it means stands beside its box
	for _, w := range link.Warnings(s, c) {
		if !strings.HasPrefix(w, link.CertificatesEnd) { // the form of that model says so itself
			notes = append(notes, w)
		}
	}
	if len(notes) > maxNotes {
		notes = append(notes[:maxNotes-1:maxNotes-1], "… and more. *Show plan* on the card lists all warnings.")
	}
	for i := range notes {
		notes[i] = bot.Cut(mrkdwn.Clean(notes[i]), 300)
	}
	return notes
}

// redraw updates the modal, unless a later choice is being followed already. Two redraws may start from the same modal;
// then Slack refuses the second one's hash, and the later choice wins.
func (h *Handlers) redraw(ctx context.Context, view bot.View, turn uint64, f connectForm, m connectMetadata) error {
	if !h.views.latest(view.ID, turn) {
		return nil
	}
	m.Drawn = h.o.Now().Unix()
	m.keep(f)
	modal := connectModal(f, m)
	_, err := h.o.Slack.UpdateView(ctx, view.ID, view.Hash, modal)
	if e, ok := errors.AsType[*bot.Error](err); ok && e.Kind == bot.Conflict && h.views.latest(view.ID, turn) {
		_, err = h.o.Slack.UpdateView(ctx, view.ID, "", modal)
	}
	if e, ok := errors.AsType[*bot.Error](err); ok && (e.Kind == bot.Gone || e.Kind == bot.Expired || e.Code == "not_found") {
		return nil // closed meanwhile
	}
	return err
}

// connectSubmitted asks for the change. The modal's id makes a second submission the same request.
func (h *Handlers) connectSubmitted(ctx context.Context, s bot.Submission) (bot.Answer, error) {
	m, err := parseConnectMetadata(s.View.Metadata)
	if err != nil {
		h.o.Log.ErrorContext(ctx, "a form of the bot that can't be read", "request_id", bot.RequestID(ctx), "error", err)
		return fieldErrors(map[string]string{link.FieldReason: ourFault(ctx, textFormat{plain: true})}), nil
	}
	f := readForm(s.View.State, m)
	c, wrong := f.connect()
	if len(wrong.Problems) > 0 {
		return fieldErrors(m.errors(f, wrong)), nil
	}
	params, err := json.Marshal(c)
	if err != nil {
		return bot.Answer{}, err
	}
	to := replyTarget{user: s.User.ID, channel: m.Channel}
	return h.propose(ctx, s, to, change.ProposeInput{
		Kind: link.KindConnect, Params: params, Reason: strings.TrimSpace(f.Texts[link.FieldReason]),
		By: cards.Actor(s.User, m.Channel), Parent: m.Parent, Submission: s.View.ID,
	}, func(err error) bot.Answer { return h.refused(ctx, to, m, f, err) }), nil
}
