package handlers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/reply"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// preselect chooses the deployments that were typed, where exactly one fits, and fills in the alias.
func (h *connects) preselect(ctx context.Context, typed sides, f *forms.Connect, m *forms.ConnectMetadata) {
	if typed.alias != "" {
		f.Texts[link.FieldAlias] = typed.alias
		m.Renew(link.FieldAlias, typed.alias)
	}
	if typed.until != "" {
		f.Texts[link.FieldUntil] = bot.Cut(typed.until, forms.MaxUntil)
		m.Renew(link.FieldUntil, typed.until)
	}
	for _, side := range []struct {
		typed, field string
		to           *bot.Option
	}{{typed.local, link.FieldLocal, &f.Local}, {typed.remote, link.FieldRemote, &f.Remote}} {
		if side.typed == "" {
			continue
		}
		found := h.directory.Find(ctx, side.typed, forms.MaxOptions)
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
			m.Renew(side.field, o.Value)
		}
	}
}

// nearDeployment guesses at the deployment that was meant.
func (h *connects) nearDeployment(ctx context.Context, typed string) string {
	if name, edits := nearestOf(h.finder.deploymentNames(ctx), strings.ToLower(typed)); edits > 0 && edits < nearEnough {
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

// redrawFrom draws the modal anew: edit changes how it is drawn; nil follows a choice of deployments.
func (h *connects) redrawFrom(a bot.Action, edit func(*forms.Connect, *forms.ConnectMetadata)) (bot.Answer, error) {
	if a.View == nil {
		return bot.Answer{}, errors.New("the connect modal changed outside a modal")
	}
	view := *a.View
	m, err := forms.ParseConnectMetadata(view.Metadata)
	if err != nil {
		return bot.Answer{}, err
	}
	f := forms.ReadConnect(view.State, m)
	turn := h.views.take(view.ID)
	return bot.Answer{Then: func(ctx context.Context) error {
		defer h.views.done(view.ID, turn)
		if edit != nil {
			m.Edit(&f, edit)
			if f.Pair() == m.Pair {
				return h.redraw(ctx, view, turn, f, m)
			}
		}
		if !h.survey(ctx, &f, &m) && edit == nil {
			return nil
		}
		return h.redraw(ctx, view, turn, f, m)
	}}, nil
}

// survey looks at both sides once they are chosen, fills in what they tell, and notes what people should know. It
// reports whether there is anything new to draw.
func (h *connects) survey(ctx context.Context, f *forms.Connect, m *forms.ConnectMetadata) bool {
	pair := f.Pair()
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
	s, err := h.directory.ReadPair(ctx, local, remote)
	if err != nil {
		m.Pair, m.More = "", true // so that choosing again asks again
		m.Notes = []string{h.tell.Say(ctx, err, reply.Format{Plain: true}), "The bot couldn't fill anything in. Enter the values yourself."}
		return true
	}
	c := link.Prefill(s)
	models := link.Models(s)
	keys := slices.Contains(models, link.ModelKey)
	m.Keys = keys && f.ByCertificate() // nothing is offered otherwise
	m.Certificates = !keys && slices.Contains(models, link.ModelCertificate)
	if f.ByCertificate() {
		h.suggestTrust(ctx, s, &c, m)
	}
	m.Fill(f, c)
	m.More = m.More || f.Texts[link.FieldAddress] == "" || f.Texts[link.FieldServerName] == "" // a person has to
	m.Private = bot.Cut(link.PrivateHint(s), 300)
	m.MayFilter, m.MayIdentify, m.NoRestart = s.CanAddFilters(), link.MayIdentify(s), !s.CanRestart()
	f.Restart = f.Restart && !m.NoRestart
	if !m.MayIdentify { // its fields are gone with the deployments that could do it
		f.Identity, f.Organization = false, false
		delete(f.Texts, link.FieldAuthorities)
	}
	m.NoSignature, m.NoOrganization = bot.Cut(link.NoSignature(s), 300), s.LocalOn.Kind == elastic.KindSelfManaged
	m.Unmanaged = bot.Cut(s.Unmanaged(), 300)
	m.OfferFilter(s, f)
	m.Notes = append(m.Notes, notesOf(s, f)...)
	return true
}

// notesOf are the survey's problems and warnings, worst first, for the modal. What is said of fields that are not filled
// in yet is left out.
func notesOf(s link.PairState, f *forms.Connect) []string {
	c, _ := f.Params()
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
	if len(notes) > forms.MaxNotes {
		notes = append(notes[:forms.MaxNotes-1:forms.MaxNotes-1], "… and more. *Show plan* on the card lists all warnings.")
	}
	for i := range notes {
		notes[i] = bot.Cut(mrkdwn.Clean(notes[i]), 300)
	}
	return notes
}

// redraw updates the modal, unless a later choice is being followed already. Two redraws may start from the same modal;
// then Slack refuses the second one's hash, and the later choice wins.
func (h *connects) redraw(ctx context.Context, view bot.View, turn uint64, f forms.Connect, m forms.ConnectMetadata) error {
	if !h.views.latest(view.ID, turn) {
		return nil
	}
	m.Drawn = h.now().Unix()
	m.Keep(f)
	modal := forms.ConnectModal(f, m)
	_, err := h.slack.UpdateView(ctx, view.ID, view.Hash, modal)
	if e, ok := errors.AsType[*bot.Error](err); ok && e.Kind == bot.Conflict && h.views.latest(view.ID, turn) {
		_, err = h.slack.UpdateView(ctx, view.ID, "", modal)
	}
	if e, ok := errors.AsType[*bot.Error](err); ok && (e.Kind == bot.Gone || e.Kind == bot.Expired || e.Code == "not_found") {
		return nil // closed meanwhile
	}
	return err
}

// trustReader is a Directory that knows how the two sides' trust stands; *link.Catalog is one.
type trustReader interface {
	ReadTrust(ctx context.Context, s link.PairState, regions []string) (link.TrustState, error)
}

// suggestTrust is whom the two sides would trust, as far as their platforms tell.
func (h *connects) suggestTrust(ctx context.Context, s link.PairState, c *link.ConnectParams, m *forms.ConnectMetadata) {
	c.Model, c.ProxyAddress = link.ModelCertificate, link.TransportAddress(s.Remote)
	c.Trust = &link.TrustOptions{Clusters: []string{s.Remote.ClusterID}}
	reader, ok := h.directory.(trustReader)
	if !ok {
		return
	}
	t, err := reader.ReadTrust(ctx, s, nil)
	if err != nil {
		m.Notes = append(m.Notes, h.tell.Say(ctx, err, reply.Format{Plain: true}))
	}
	c.Trust.LocalScope, c.Trust.RemoteScope = t.Local.Environment.ID, t.Remote.Environment.ID
	for _, side := range []link.SideTrust{t.Local, t.Remote} {
		if doubts := side.Doubts(); doubts != "" {
			m.Notes = append(m.Notes, doubts)
		}
	}
}

// viewSequencer tells redraws of one modal apart: the later choice wins. A turn is held only while its redraw is under way.
type viewSequencer struct {
	mu   sync.Mutex
	n    uint64
	last map[string]uint64
}

func (t *viewSequencer) take(view string) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	t.last[view] = t.n
	return t.n
}

func (t *viewSequencer) latest(view string, turn uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last[view] == turn
}

func (t *viewSequencer) done(view string, turn uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last[view] == turn {
		delete(t.last, view)
	}
}
