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
func (c *GroupCache) onlyPeople(ctx context.Context, users []string) []string {
	c.lookAll(ctx, users)
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(users, func(u string) bool {
		p, known := c.people[u]
		return known && !p.is
	})
}

// onlyMembers leaves out guests and people of other organizations, whom others can bring into a channel. It is an error
// if Slack has not said of everybody: nobody may be taken for a member unknown, and a part would mislead.
func (c *GroupCache) onlyMembers(ctx context.Context, users []string) ([]string, error) {
	c.lookAll(ctx, users)
	c.mu.Lock()
	defer c.mu.Unlock()
	var members []string
	for _, u := range users {
		switch p, known := c.people[u]; {
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

var errUnanswered = errors.New("not all answers have come from Slack yet; try again")

// lookAll asks about those who are not known, as far as time allows.
func (c *GroupCache) lookAll(ctx context.Context, users []string) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	ask := make(chan string)
	var wg sync.WaitGroup
	for range min(lookAtOnce, len(users)) {
		wg.Go(func() {
			for u := range ask {
				c.look(ctx, u)
			}
		})
	}
	for _, u := range users {
		if !c.isKnown(u) && ctx.Err() == nil {
			ask <- u
		}
	}
	close(ask)
	wg.Wait()
}

func (c *GroupCache) isKnown(user string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.people[user]
	return ok && c.now().Before(p.until)
}

// look asks about one user. Where Slack gives no answer, such as without the scope users:read, what was known before
// goes on to count, or else that it is a person, and Slack is left alone for as long as a group is remembered.
func (c *GroupCache) look(ctx context.Context, user string) {
	is, member, err := c.lookup.Person(ctx, user)
	if err != nil && ctx.Err() != nil {
		return // out of time, which says nothing: the next one asks
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	lasts := personLasts
	switch before, known := c.people[user]; {
	case err != nil:
		is, member, lasts = !known || before.is, known && before.member, c.keep
	case !is:
		lasts = otherLasts
	}
	c.people[user] = person{is: is, member: member, silent: err, until: c.now().Add(lasts)}
}
