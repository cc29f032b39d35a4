package inventory

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// find searches one platform. A platform need not know what name it is configured under.
func findIn(ctx context.Context, s link.System, text string, limit int) ([]elastic.Deployment, error) {
	found, err := s.Search(ctx, text, limit)
	for i := range found {
		found[i].Platform = s.Name
	}
	return found, err
}

const (
	slowFor   = 8 * time.Second        // how long a platform that hung is not waited for at all
	slowGrace = 200 * time.Millisecond // how long afterwards, until it has answered once
)

// slowPlatform is the last search of a platform that got no answer in time.
type slowPlatform struct {
	err error
	at  time.Time
}

// slowPlatforms remembers which platforms hang, so that not every letter that somebody types waits for them.
type slowPlatforms struct {
	mu sync.Mutex
	by map[string]slowPlatform // by the platform's name
}

func (h *slowPlatforms) get(platform string) (slowPlatform, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, ok := h.by[platform]
	return one, ok
}

// note takes how a search ended: any answer at all, a refusal too, says that the platform does not hang.
func (h *slowPlatforms) note(platform string, late bool, err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !late {
		delete(h.by, platform)
		return
	}
	if h.by == nil {
		h.by = map[string]slowPlatform{}
	}
	h.by[platform] = slowPlatform{err: err, at: now}
}

// search is one platform's part of Find: from what is remembered where that tells, else from the platform. What comes
// with an error may be out of date.
func (c *Catalog) search(ctx context.Context, sys link.System, text string) ([]elastic.Deployment, error) {
	if found := c.remembered(sys, text, c.o.TTL); len(found) > 0 {
		return found, nil
	}
	hung, hangs := c.slow.get(sys.Name)
	if hangs && c.o.Now().Sub(hung.at) < slowFor {
		return c.remembered(sys, text, staleFor*c.o.TTL), hung.err
	}
	wait := ctx
	if hangs {
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, slowGrace)
		defer cancel()
	}
	found, err := c.searches.get(wait, searchKey(sys, text), func(ctx context.Context) ([]elastic.Deployment, error) {
		found, err := findIn(ctx, sys, text, c.o.Limit)
		c.slow.note(sys.Name, err != nil && ctx.Err() != nil, err, c.o.Now())
		if text == "" && err == nil && len(found) < c.o.Limit {
			namesakesOf(found).tellApart(found) // these are all
		} else {
			tellApart(ctx, c, sys, found)
		}
		return found, err
	})
	if err != nil && wait.Err() != nil && ctx.Err() == nil { // it goes on being asked
		return c.remembered(sys, text, staleFor*c.o.TTL), hung.err
	}
	return found, err
}

func searchKey(sys link.System, text string) string { return sys.Name + "\n" + strings.ToLower(text) }

// remembered answers from a search for the same or for fewer letters that is no older than age: what contains the longer
// text is among what contains the shorter one, provided that was not cut at the limit.
func (c *Catalog) remembered(sys link.System, text string, age time.Duration) []elastic.Deployment {
	text = strings.ToLower(text)
	runes := []rune(text)
	for n := len(runes); n >= 0; n-- {
		all, ok := c.searches.peek(searchKey(sys, string(runes[:n])), age)
		if !ok {
			continue
		}
		if n == len(runes) {
			return all
		}
		if len(all) >= c.o.Limit {
			continue
		}
		var found []elastic.Deployment
		for _, d := range all {
			if strings.Contains(strings.ToLower(d.Name), text) || strings.Contains(strings.ToLower(d.Deployment), text) {
				found = append(found, d)
			}
		}
		return found
	}
	return nil
}
