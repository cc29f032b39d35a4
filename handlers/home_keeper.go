package handlers

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

// StaleTabs are the home tabs that were opened lately, and which of them to draw anew; *store.Store has them.
type StaleTabs interface {
	OpenTabs(ctx context.Context) (users []string, err error)
	// TabsStale wants tabs drawn anew, once a burst of changes is over.
	TabsStale(ctx context.Context, users []string) error
	// StaleTab gives one to draw, to one replica at a time, with the mark of what it shows. One of which neither
	// TabDrawn nor TabClosed hears is given again after the lease.
	StaleTab(ctx context.Context, lease, pace time.Duration) (user, shown string, ok bool, err error)
	TabDrawn(ctx context.Context, user, was, now string) error
	TabClosed(ctx context.Context, user string) error
	// Followings is what each of the users said about following a connection.
	Followings(ctx context.Context, connection string, users []string) (map[string]string, error)
}

// HomeKeeperOptions are what a HomeKeeper needs. Zero durations mean the defaults named beside them.
type HomeKeeperOptions struct {
	Tabs   StaleTabs
	Policy Eligibility
	Homes  Homes
	Draw   func(ctx context.Context, by change.Actor) (slack.HomeTabViewRequest, error) // Handlers.DrawHome
	Log    *slog.Logger

	Poll   time.Duration // between two looks at what is to be drawn: 500 ms
	Pace   time.Duration // between two drawings, of all replicas: 1 s. Slack takes some 100 a minute, and openings come on top.
	Lease  time.Duration // the longest that one drawing may take, and until one that failed is tried again: 30 s
	Reckon time.Duration // the longest that finding out whom a change concerns may take: 3 s
}

// HomeKeeper keeps the home tabs that were opened lately abreast of what they show. A tab is drawn again only if that
// has changed.
//
// Which tabs are to be drawn is written down in Redis before a change counts as told, so that none is forgotten when a
// process ends. A tab that Slack does not take for now is tried again after a while, for as long as it counts as open:
// longer would be in vain, since opening a tab draws it in any case.
type HomeKeeper struct {
	o HomeKeeperOptions

	mu    sync.Mutex
	moved map[string]string // by request: what home tabs show of it, so that a journal line draws none
}

// NewHomeKeeper returns a keeper; it draws nothing before Run.
func NewHomeKeeper(o HomeKeeperOptions) *HomeKeeper {
	o.Poll = cmp.Or(o.Poll, 500*time.Millisecond)
	o.Pace = cmp.Or(o.Pace, time.Second)
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	o.Reckon = cmp.Or(o.Reckon, 3*time.Second)
	return &HomeKeeper{o: o, moved: map[string]string{}}
}

// Moved says that a request is to be told as it is now: the tabs of those whom it concerns are drawn anew.
func (k *HomeKeeper) Moved(ctx context.Context, r *change.Request) {
	shown := fmt.Sprint(r.State, r.Asked, len(r.Decisions), r.Child)
	k.mu.Lock()
	same := k.moved[r.ID] == shown
	k.mu.Unlock()
	if same {
		return
	}
	err := k.mark(ctx, func(ctx context.Context, users []string) ([]string, error) {
		return k.concerned(ctx, r, users), nil
	})
	if err != nil {
		k.o.Log.WarnContext(ctx, "home tabs may show a request late", "request", r.ID, "error", err)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.moved) > 10_000 { // forgetting costs one drawing each, which is not even published
		clear(k.moved)
	}
	k.moved[r.ID] = shown
}

// concerned are those among users who asked for r, decided on it, or could.
func (k *HomeKeeper) concerned(ctx context.Context, r *change.Request, users []string) []string {
	involved := map[string]bool{r.Requester.User: true}
	for _, d := range r.Decisions {
		involved[d.By.User] = true
	}
	var all []string
	for _, u := range users {
		if !involved[u] {
			// Where the policy can't tell, the tab is drawn: it shows no more than it should.
			if _, no := errors.AsType[*change.NotAllowedError](k.o.Policy.Eligible(ctx, r, change.Actor{User: u})); no {
				continue
			}
		}
		all = append(all, u)
	}
	return all
}

// Heard says that there is news of a connection: the tabs of those who follow it are drawn anew.
func (k *HomeKeeper) Heard(ctx context.Context, m link.Managed) {
	err := k.mark(ctx, func(ctx context.Context, users []string) ([]string, error) {
		said, err := k.o.Tabs.Followings(ctx, m.Name().String(), users)
		return followers(m, said, users), err
	})
	if err != nil {
		k.o.Log.WarnContext(ctx, "home tabs may show a connection late", "connection", m.Name().String(), "error", err)
	}
}

// mark wants those of the open tabs drawn that which chooses.
func (k *HomeKeeper) mark(ctx context.Context, which func(context.Context, []string) ([]string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, k.o.Reckon)
	defer cancel()
	users, err := k.o.Tabs.OpenTabs(ctx)
	if err != nil || len(users) == 0 {
		return err
	}
	chosen, err := which(ctx, users)
	if err != nil {
		return err
	}
	return k.o.Tabs.TabsStale(ctx, chosen)
}

// Run draws until ctx ends.
func (k *HomeKeeper) Run(ctx context.Context) error {
	tick := time.NewTicker(k.o.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if _, err := k.DrawOne(ctx); err != nil && ctx.Err() == nil {
				k.o.Log.WarnContext(ctx, "a home tab was not drawn", "error", err)
			}
		}
	}
}

// DrawOne draws a tab that may be out of date; false: there is none just now.
func (k *HomeKeeper) DrawOne(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, k.o.Lease)
	defer cancel()
	user, shown, ok, err := k.o.Tabs.StaleTab(ctx, k.o.Lease, k.o.Pace)
	if err != nil || !ok {
		return false, err
	}
	view, err := k.o.Draw(ctx, change.Actor{User: user})
	if err != nil {
		return true, err // what the tab shows is better than an excuse
	}
	mark := homeMark(view)
	if mark != shown {
		err = k.o.Homes.PublishHome(ctx, user, view)
	}
	if e, ok := errors.AsType[*bot.Error](err); ok && (e.Kind == bot.Gone || e.Kind == bot.BadBlocks || e.Kind == bot.Other) {
		// Slack will not take this however often it is asked. Whoever opens the tab draws it again.
		return true, errors.Join(err, k.o.Tabs.TabClosed(ctx, user))
	}
	if err != nil {
		return true, err
	}
	return true, k.o.Tabs.TabDrawn(ctx, user, shown, mark)
}

// homeMark tells apart what home tabs show. Moments are in the views as such, and Slack says how long ago they were: so
// no view changes with time alone.
func homeMark(v slack.HomeTabViewRequest) string {
	raw, err := json.Marshal(v.Blocks)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}
