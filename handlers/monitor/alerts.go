package monitor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

const (
	partAlerts    = "alerts"    // notes: the messages that tell of problems, by key
	partAnnounced = "announced" // a note: the revision of the statuses that the messages show
	keyRevision   = "revision"

	leaseAlerts     = "alerts"
	announceTimeout = 50 * time.Second
	announceLease   = time.Minute
)

// alert is a message that tells of problems: of one problem of a connection, or of all that share a cause.
type alert struct {
	key      string
	cause    cause        // zero: of one problem
	affected []troubled   // by the cause, the worst first; else the connection alone
	problem  *OpenProblem // of the connection; nil: of a cause
	openAlert
}

// openAlert is an alert that was posted, or is about to be.
type openAlert struct {
	Called  string               `json:"called"` // what people call the connection, or the cause
	Trouble diagnose.ProblemKind `json:"trouble,omitempty"`
	Certs   bool                 `json:"certificates,omitempty"`
	Most    int                  `json:"most,omitempty"` // connections of a cause at the same time
	Since   time.Time            `json:"since"`
	Shows   string               `json:"shows,omitempty"` // mark of what the message shows; empty: not known
	Channel string               `json:"channel,omitempty"`
	TS      string               `json:"ts,omitempty"` // empty: it is being posted
}

// Announce brings the messages that tell of problems up to date, in one replica at a time; it does nothing where none
// has changed. The cards of requests go first.
func (m *Monitor) Announce(ctx context.Context) (err error) {
	revision, err := m.o.Store.StatusRevision(ctx)
	if err != nil {
		return err
	}
	said, err := m.o.Store.Notes(ctx, partAnnounced)
	if err != nil || said[keyRevision] == strconv.FormatInt(revision, 10) || revision == 0 {
		return err
	}
	ours, err := m.o.Store.Lease(ctx, leaseAlerts, m.o.Owner, announceLease)
	if err != nil || !ours {
		return err
	}
	defer func() {
		err = errors.Join(err, m.o.Store.EndLease(context.WithoutCancel(ctx), leaseAlerts, m.o.Owner))
	}()
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	if err := m.showAlerts(ctx); err != nil {
		return fmt.Errorf("reporting problems: %w", err)
	}
	return m.o.Store.Note(ctx, partAnnounced, keyRevision, strconv.FormatInt(revision, 10))
}

// showAlerts goes on past a message that can't be shown.
func (m *Monitor) showAlerts(ctx context.Context) error {
	open, err := m.openAlerts(ctx)
	if err != nil {
		return err
	}
	connections, err := m.withProblems(ctx)
	if err != nil {
		return err
	}
	wanted := alertsFor(connections, open)
	var errs []error
	for _, a := range wanted {
		errs = append(errs, m.show(ctx, a, open[a.key]))
		delete(open, a.key)
	}
	for key, a := range open {
		errs = append(errs, m.resolve(ctx, key, a, wanted))
	}
	return errors.Join(errs...)
}

func (m *Monitor) openAlerts(ctx context.Context) (map[string]openAlert, error) {
	notes, err := m.o.Store.Notes(ctx, partAlerts)
	if err != nil {
		return nil, err
	}
	open := map[string]openAlert{}
	for key, text := range notes {
		var a openAlert
		if json.Unmarshal([]byte(text), &a) == nil {
			open[key] = a
		}
	}
	return open, nil
}

// alertsFor are the messages that tell of all problems: one for each cause that explains more than a handful of
// connections, and one for each other problem.
func alertsFor(connections []troubled, open map[string]openAlert) []alert {
	var all []alert
	for i, c := range connections { // what is no problem has no cause that it could share
		var notices []OpenProblem
		for _, p := range c.status.Problems {
			if p.Kind.Notice() {
				notices = append(notices, p)
			}
		}
		connections[i].status.Problems = slices.DeleteFunc(slices.Clone(c.status.Problems), func(p OpenProblem) bool { return p.Kind.Notice() })
		all = append(all, alertsOf(c, notices)...)
	}
	connections = slices.DeleteFunc(connections, func(c troubled) bool { return len(c.status.Problems) == 0 })
	groups, others := groupByCause(connections, func(c cause) bool { _, ok := open[c.key()]; return ok })
	for _, g := range groups {
		all = append(all, alert{key: g.cause.key(), cause: g.cause, affected: g.affected, openAlert: openAlert{Called: g.cause.name}})
	}
	for _, c := range others {
		all = append(all, alertsOf(c, c.status.Problems)...)
	}
	return all
}

// alertsOf are the messages of problems of one connection.
func alertsOf(c troubled, problems []OpenProblem) []alert {
	var all []alert
	for _, p := range problems {
		if p.unasked() {
			continue
		}
		a := alert{
			key: alertKey(c.name, p), affected: []troubled{c}, problem: &p,
			openAlert: openAlert{Called: c.status.On + "/" + c.name.Alias, Trouble: p.Kind, Certs: p.Certs, Since: p.Since},
		}
		if p.Review != nil {
			a.Since = time.Time{} // it begins when people are asked
		}
		all = append(all, a)
	}
	return all
}

// alertKey names the message of a problem. People who are asked once more get another message: nobody is told of one that changes.
func alertKey(n link.Name, p OpenProblem) string {
	key := problemKey(n, p.Kind)
	if p.Review != nil {
		key += fmt.Sprintf(" %d %d", p.Review.Since.UnixMilli(), p.Review.Asked)
	}
	return key
}

func problemKey(n link.Name, t diagnose.ProblemKind) string { return n.String() + " " + string(t) }

// show posts an alert, or draws it again if what it shows has changed.
func (m *Monitor) show(ctx context.Context, now alert, was openAlert) error {
	now.Since = cmp.Or(was.Since, now.Since, m.o.Now())
	now.Most = max(was.Most, len(now.affected))
	msg := alertMessage(m, now)
	now.Shows = messageMark(msg)
	if was.TS != "" && was.Shows == now.Shows {
		return nil
	}
	if was.TS != "" {
		now.Channel, now.TS = was.Channel, was.TS
		err := m.edit(ctx, now.openAlert, msg)
		if err == nil {
			return m.note(ctx, now.key, now.openAlert)
		}
		if !notify.IsDeleted(err) {
			return err
		}
	} else if !was.Since.IsZero() { // it was being posted, and the answer was lost
		at, ok, err := m.o.Poster.FindPosted(ctx, m.o.Channel, "", was.Since.Add(-notify.MaxClockSkew), time.Time{}, func(d bot.Metadata) bool {
			return d.Type == metadataProblem && d.Payload["problem"] == now.key
		})
		if err == nil && ok {
			now.Channel, now.TS, now.Shows = at.Channel, at.TS, ""
			return errors.Join(m.edit(ctx, now.openAlert, msg), m.note(ctx, now.key, now.openAlert))
		}
	}
	return m.post(ctx, now, msg)
}

func (m *Monitor) post(ctx context.Context, now alert, msg bot.Message) error {
	if err := m.o.WaitIdle(ctx); err != nil {
		return err
	}
	now.Channel, now.TS = "", ""
	if err := m.note(ctx, now.key, now.openAlert); err != nil {
		return err
	}
	msg.Metadata = &bot.Metadata{Type: metadataProblem, Payload: map[string]any{"problem": now.key}}
	at, err := m.o.Poster.Post(ctx, m.o.Channel, msg)
	if err != nil {
		return err
	}
	now.Channel, now.TS = at.Channel, at.TS
	return m.note(ctx, now.key, now.openAlert)
}

const metadataProblem = "remote_cluster_problem"

func (m *Monitor) edit(ctx context.Context, a openAlert, msg bot.Message) error {
	if err := m.o.WaitIdle(ctx); err != nil {
		return err
	}
	return m.o.Poster.Update(ctx, bot.Posted{Channel: a.Channel, TS: a.TS}, msg)
}

func (m *Monitor) note(ctx context.Context, key string, a openAlert) error {
	raw, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return m.o.Store.Note(ctx, partAlerts, key, string(raw))
}

// resolve draws an alert as over, and forgets it.
func (m *Monitor) resolve(ctx context.Context, key string, a openAlert, wanted []alert) error {
	why, err := m.whyOver(ctx, key, a, wanted)
	if err != nil {
		return err
	}
	if a.TS != "" {
		err := m.edit(ctx, a, resolvedMessage(a, why, m.o.Now()))
		if err != nil && !notify.IsDeleted(err) {
			return err
		}
	}
	return m.o.Store.Note(ctx, partAlerts, key, "")
}

func (m *Monitor) whyOver(ctx context.Context, key string, a openAlert, wanted []alert) (string, error) {
	if a.Trouble == "" {
		return "all connections work again", nil
	}
	counted := slices.IndexFunc(wanted, func(w alert) bool {
		return w.problem == nil && slices.ContainsFunc(w.affected, func(c troubled) bool { return problemKey(c.name, a.Trouble) == key })
	})
	if counted >= 0 {
		return "it is now part of the message about " + mrkdwn.Line(wanted[counted].Called, 200), nil
	}
	n, err := link.ParseName(key[:max(0, strings.LastIndex(key, " "+string(a.Trouble)))])
	if err != nil {
		return "", err
	}
	managed, err := m.o.Checker.ManagedAt(ctx, n)
	if err != nil {
		return "", err
	}
	if a.Trouble == diagnose.ProblemUnreviewed && len(managed) > 0 {
		return whyReviewed(ctx, m, managed[n], key, wanted)
	}
	ends := a.Trouble == diagnose.ProblemEnding || a.Trouble == diagnose.ProblemOverdue
	switch {
	case len(managed) == 0 && ends:
		return "it has ended", nil
	case len(managed) == 0:
		return "the bot no longer manages it", nil
	case ends && !managed[n].Until.IsZero():
		return "it ends on " + link.SayUntil(managed[n].Until), nil
	case ends:
		return "it no longer has an end", nil
	}
	return "the problem is solved", nil
}

// mostAsked is how many people are asked by name: a message that mentions more is read by nobody.
const mostAsked = 20

// asked are the people who are asked whether a connection that ends soon is to be extended: who asked for it, who approved
// it, and who follows it.
func (m *Monitor) asked(ctx context.Context, c link.ManagedConnection, found []diagnose.Problem) []string {
	if !slices.ContainsFunc(found, func(p diagnose.Problem) bool { return p.Kind == diagnose.ProblemEnding }) {
		return nil
	}
	all := []string{c.Maker(), c.Record.By.User}
	if c.Record.Approval != nil {
		all = append(all, c.Record.Approval.Approvers...)
	}
	followers, err := m.o.Store.Followers(ctx, c.Name().String())
	if err != nil {
		m.o.Log.WarnContext(ctx, "the followers of a connection that ends soon could not be read", "connection", c.Name().String(), "error", err)
	}
	return mostOf(append(all, followers...))
}

// mostOf are the first of the users, each once.
func mostOf(users []string) []string {
	var once []string
	for _, user := range users {
		if user != "" && !slices.Contains(once, user) {
			once = append(once, user)
		}
	}
	return once[:min(len(once), mostAsked)]
}
