package policy

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	personLasts = 24 * time.Hour   // how long somebody is known to be a person
	otherLasts  = 10 * time.Minute // and a bot, or somebody who left, who may come back
	lookAtOnce  = 8                // users that Slack is asked about at the same time
	lookWithin  = time.Second      // and for how long in all: somebody is waiting for the answer
)

// person is what is known of a user, for a while.
type person struct {
	is    bool
	until time.Time
}

// onlyPeople leaves out who can't press a button. Who could not be asked about stays: what matters is that nobody is
// waited for in vain, and neither a bot nor who has left approves anything by being counted as a member.
func (r *Roster) onlyPeople(ctx context.Context, users []string) []string {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	ask := make(chan string)
	var wg sync.WaitGroup
	for range min(lookAtOnce, len(users)) {
		wg.Go(func() {
			for u := range ask {
				r.look(ctx, u)
			}
		})
	}
	for _, u := range users {
		if !r.isKnown(u) && ctx.Err() == nil {
			ask <- u
		}
	}
	close(ask)
	wg.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(users, func(u string) bool {
		p, known := r.people[u]
		return known && !p.is
	})
}

func (r *Roster) isKnown(user string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.people[user]
	return ok && r.now().Before(p.until)
}

// look asks about one user. Where Slack gives no answer, such as without the scope users:read, what was known before
// goes on to count, or else that it is a person, and Slack is left alone for as long as a group is remembered.
func (r *Roster) look(ctx context.Context, user string) {
	is, err := r.lookup.IsPerson(ctx, user)
	if err != nil && ctx.Err() != nil {
		return // out of time, which says nothing: the next one asks
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	lasts := personLasts
	switch before, known := r.people[user]; {
	case err != nil:
		is, lasts = !known || before.is, r.keep
	case !is:
		lasts = otherLasts
	}
	r.people[user] = person{is: is, until: r.now().Add(lasts)}
}
