package handlers

import (
	"context"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/plan"
)

// edit opens the connect modal filled in as the request was. Submitting it withdraws a request that still waits.
func (h *Handlers) edit(ctx context.Context, a bot.Action) (bot.Answer, error) {
	s, err := cards.ParseRef(a.Value.Text)
	if err != nil {
		return bot.Answer{}, err
	}
	r, err := h.o.Requests.Get(ctx, s.ID)
	if err == nil {
		err = mayEdit(r, a.User.ID)
	}
	if err != nil {
		return h.replyError(replyTo(a), err), nil
	}
	c, _ := cards.Connection(r)
	f, m := formOf(r, c), connectMetadata{Channel: a.Channel, Parent: r.ID, Drawn: h.o.Now().Unix()}
	f.restoreExtras(c, &m)
	m.Pair = f.pair()                                 // what stands there was meant: it is not filled in anew
	m.Filled = suggestions(plan.Followed(r.Proposal)) // unless another deployment is chosen: then it would be the old one's
	m.More = m.More || f.Texts[link.FieldSockets] != "" || c.Compress != "" || c.Scheme != "" || c.PingSchedule != ""
	if !m.keep(f) {
		m.More = true // it is too long to be kept while it is hidden
	}
	if _, err := h.o.Slack.OpenView(ctx, a.TriggerID, connectModal(f, m)); err != nil {
		return h.replyError(replyTo(a), err), nil
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

// formOf is the form as r's parameters fill it in.
func formOf(r *change.Request, c link.ConnectParams) connectForm {
	f := newForm()
	f.Local = bot.Option{Value: c.Local.String(), Text: cards.FieldOf(r, "Local", c.Local.Deployment)}
	f.Remote = bot.Option{Value: c.Remote.String(), Text: cards.FieldOf(r, "Remote", c.Remote.Deployment)}
	f.Skip = c.SkipUnavailable
	f.Texts = map[string]string{
		link.FieldAlias: c.Alias, link.FieldAddress: c.ProxyAddress, link.FieldServerName: c.ServerName,
		link.FieldSearch:      strings.Join(c.Access.Search, "\n"),
		link.FieldReplication: strings.Join(c.Access.Replication, "\n"),
		link.FieldExpiry:      strconv.Itoa(c.ExpiryDays),
		link.FieldCompress:    c.Compress, link.FieldScheme: c.Scheme, link.FieldPing: c.PingSchedule, link.FieldReason: r.Reason,
	}
	if !c.Until.IsZero() {
		f.Texts[link.FieldUntil] = link.SayUntil(c.Until)
	}
	if c.ProxySockets > 0 {
		f.Texts[link.FieldSockets] = strconv.Itoa(c.ProxySockets)
	}
	return f
}
