package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// HomeQueue are the home tabs that were opened lately, and which of them to draw anew; *store.Store has them.
type HomeQueue interface {
	OpenHomes(ctx context.Context) (users []string, err error)
	// MarkHomesDirty asks for tabs to be drawn anew, once a burst of changes is over.
	MarkHomesDirty(ctx context.Context, users []string) error
	// NextDirtyHome gives one to draw, to one replica at a time, with the mark of what it shows. One of which neither
	// HomeRendered nor HomeClosed hears is given again after the lease.
	NextDirtyHome(ctx context.Context, lease, pace time.Duration) (user, shown string, ok bool, err error)
	HomeRendered(ctx context.Context, user, was, now string) error
	HomeClosed(ctx context.Context, user string) error
	// Followings is what each of the users said about following a connection.
	Followings(ctx context.Context, connection string, users []string) (map[string]string, error)
}

// HomePublisher shows home tabs; *bot.Messenger is one.
type HomePublisher interface {
	PublishHome(ctx context.Context, user string, v slack.HomeTabViewRequest) error
}

// Eligibility says who may decide; a change.Policy is one.
type Eligibility interface {
	Eligible(ctx context.Context, r *change.Request, by change.Actor) error
}

// HomeRefresherOptions are what a HomeRefresher needs. Zero durations mean the defaults named beside them.
type HomeRefresherOptions struct {
	Queue  HomeQueue
	Policy Eligibility
	Homes  HomePublisher
	Draw   func(ctx context.Context, by change.Actor) (slack.HomeTabViewRequest, error) // of handlers.Handlers
	Log    *slog.Logger
	Now    func() time.Time

	Poll             time.Duration // between two looks at what is to be drawn: 500 ms
	Pace             time.Duration // between two drawings, of all replicas: 1 s. Slack takes some 100 a minute, and openings come on top.
	Lease            time.Duration // the longest that one drawing may take, and until one that failed is tried again: 30 s
	ConcernedTimeout time.Duration // the longest that finding out whom a change concerns may take: 3 s
}

// HomeRefresher keeps the home tabs that were opened lately abreast of what they show. A tab is drawn again only if that
// has changed.
//
// Which tabs are to be drawn is written down in Redis before a change counts as told, so that none is forgotten when a
// process ends. A tab that Slack does not take for now is tried again after a while, for as long as it counts as open:
// longer would be in vain, since opening a tab draws it in any case.
type HomeRefresher struct {
	o HomeRefresherOptions

	mu    sync.Mutex
	moved *Latest[string] // by request: what home tabs show of it, so that a journal line draws none
}

// NewHomeRefresher returns a keeper; it draws nothing before Run.
func NewHomeRefresher(o HomeRefresherOptions) *HomeRefresher {
	o.Poll = cmp.Or(o.Poll, 500*time.Millisecond)
	o.Pace = cmp.Or(o.Pace, time.Second)
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	o.ConcernedTimeout = cmp.Or(o.ConcernedTimeout, 3*time.Second)
	return &HomeRefresher{o: o, moved: NewLatest[string](MaxRemembered)}
}

// OnTransition says that a request is to be told as it is now: the tabs of those whom it concerns are drawn anew.
func (h *HomeRefresher) OnTransition(ctx context.Context, r *change.Request) {
	shown := fmt.Sprint(r.State, r.ApprovalsSince, len(r.Decisions), r.Child)
	h.mu.Lock()
	same := h.moved.Get(r.ID) == shown
	h.mu.Unlock()
	if same {
		return
	}
	err := h.mark(ctx, func(ctx context.Context, users []string) ([]string, error) {
		return h.affectedUsers(ctx, r, users), nil
	})
	if err != nil {
		h.o.Log.WarnContext(ctx, "Home tabs may show a request late", "request", r.ID, "error", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.moved.Put(r.ID, shown)
}

// affectedUsers are those among users who asked for r, decided on it, or could.
func (h *HomeRefresher) affectedUsers(ctx context.Context, r *change.Request, users []string) []string {
	involved := map[string]bool{r.Requester.User: true}
	for _, d := range r.Decisions {
		involved[d.By.User] = true
		for _, u := range d.To { // who was asked to review it need not be one of the approvers
			involved[u] = true
		}
	}
	var all []string
	for _, u := range users {
		if !involved[u] {
			// Where the policy can't tell, the tab is drawn: it shows no more than it should.
			if _, no := errors.AsType[*change.NotAllowedError](h.o.Policy.Eligible(ctx, r, change.Actor{User: u})); no {
				continue
			}
		}
		all = append(all, u)
	}
	return all
}

// OnStatusChange says that there is news of a connection: the tabs of those who follow it are drawn anew.
func (h *HomeRefresher) OnStatusChange(ctx context.Context, m link.ManagedConnection) {
	err := h.mark(ctx, func(ctx context.Context, users []string) ([]string, error) {
		said, err := h.o.Queue.Followings(ctx, m.Name().String(), users)
		return followers(m, said, users), err
	})
	if err != nil {
		h.o.Log.WarnContext(ctx, "Home tabs may show a connection late", "connection", m.Name().String(), "error", err)
	}
}

// mark asks for those of the open tabs to be drawn that which chooses.
func (h *HomeRefresher) mark(ctx context.Context, which func(context.Context, []string) ([]string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, h.o.ConcernedTimeout)
	defer cancel()
	users, err := h.o.Queue.OpenHomes(ctx)
	if err != nil || len(users) == 0 {
		return err
	}
	chosen, err := which(ctx, users)
	if err != nil {
		return err
	}
	return h.o.Queue.MarkHomesDirty(ctx, chosen)
}

// Run draws until ctx ends.
func (h *HomeRefresher) Run(ctx context.Context) error {
	tick := time.NewTicker(h.o.Poll)
	defer tick.Stop()
	failing := Recurring{Log: h.o.Log, What: "updating Home tabs", Now: h.o.Now}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			_, err := h.DrawOne(ctx)
			failing.Report(ctx, err)
		}
	}
}

// DrawOne draws a tab that may be out of date; false: there is none just now.
func (h *HomeRefresher) DrawOne(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, h.o.Lease)
	defer cancel()
	user, shown, ok, err := h.o.Queue.NextDirtyHome(ctx, h.o.Lease, h.o.Pace)
	if err != nil || !ok {
		return false, err
	}
	view, err := h.o.Draw(ctx, change.Actor{User: user})
	if err != nil {
		return true, err // what the tab shows is better than an excuse
	}
	mark := HomeMark(view)
	if mark != shown {
		err = h.o.Homes.PublishHome(ctx, user, view)
	}
	if e, ok := errors.AsType[*bot.Error](err); ok && (e.Kind == bot.Gone || e.Kind == bot.BadBlocks || e.Kind == bot.Other) {
		// Slack will not take this however often it is asked. Anyone who opens the tab draws it again.
		return true, errors.Join(err, h.o.Queue.HomeClosed(ctx, user))
	}
	if err != nil {
		return true, err
	}
	return true, h.o.Queue.HomeRendered(ctx, user, shown, mark)
}

// HomeMark tells apart what home tabs show. Moments are in the views as such, and Slack says how long ago they were: so
// no view changes with time alone.
func HomeMark(v slack.HomeTabViewRequest) string {
	raw, err := json.Marshal(v.Blocks)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}
