package policy

import (
	"context"
	"errors"
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
	is     bool
	member bool
	silent error // Slack did not say; is and member are what was known before, if anything
	until  time.Time
}

// onlyPeople leaves out who can't press a button. Who could not be asked about stays: what matters is that nobody is
// waited for in vain, and neither a bot nor who has left approves anything by being counted as a member.
func (r *Roster) onlyPeople(ctx context.Context, users []string) []string {
	r.lookAll(ctx, users)
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(users, func(u string) bool {
		p, known := r.people[u]
		return known && !p.is
	})
}

// onlyMembers leaves out guests and people of other organizations, whom others can bring into a channel. It is an error
// if Slack has not said of everybody: nobody may be taken for a member unknown, and a part would mislead.
func (r *Roster) onlyMembers(ctx context.Context, users []string) ([]string, error) {
	r.lookAll(ctx, users)
	r.mu.Lock()
	defer r.mu.Unlock()
	var members []string
	for _, u := range users {
		switch p, known := r.people[u]; {
		case known && p.member:
			members = append(members, u)
		case !known:
			return nil, errUnanswered
		case p.silent != nil:
			return nil, p.silent
		}
	}
	return members, nil
}

var errUnanswered = errors.New("Slack has not answered for all of them yet; try again")

// lookAll asks about those who are not known, as far as time allows.
func (r *Roster) lookAll(ctx context.Context, users []string) {
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
	is, member, err := r.lookup.Person(ctx, user)
	if err != nil && ctx.Err() != nil {
		return // out of time, which says nothing: the next one asks
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	lasts := personLasts
	switch before, known := r.people[user]; {
	case err != nil:
		is, member, lasts = !known || before.is, known && before.member, r.keep
	case !is:
		lasts = otherLasts
	}
	r.people[user] = person{is: is, member: member, silent: err, until: r.now().Add(lasts)}
}
