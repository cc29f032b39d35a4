package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// outboxRoom is how many events wait for one webhook. What finds no room is told later: it stays open, or not yet open.
const outboxRoom = 10_000

// alerts are those that webhooks are told of, and what has yet to be sent.
type alerts struct{ *db }

// SyncAlerts makes the open alerts of a webhook those given, by id, and puts what that changes into its outbox: one script,
// so that a crash loses no event and makes none twice. An alert that lasts is told again when repeat has passed since; 0: never.
func (s alerts) SyncAlerts(ctx context.Context, hook string, open map[string]string, repeat time.Duration) error {
	args := []any{change.Schema, repeat.Milliseconds(), outboxRoom}
	for _, id := range slices.Sorted(maps.Keys(open)) {
		if id == "" || strings.ContainsAny(id, " \n") {
			return fmt.Errorf("%q can't be the id of an alert", id)
		}
		args = append(args, id, open[id])
	}
	_, err := s.eval(ctx, "noting alerts", alertsSyncScript, []string{s.keys.openAlerts(hook), s.keys.outbox(hook)}, args...)
	return err
}

// NextEvent returns the oldest event of a webhook's outbox; false: there is none.
func (s alerts) NextEvent(ctx context.Context, hook string) (change.OutboxEvent, bool, error) {
	const doing = "reading the outbox of a webhook"
	text, err := s.rdb.LIndex(ctx, s.keys.outbox(hook), 0).Result()
	if errors.Is(err, redis.Nil) {
		return change.OutboxEvent{}, false, nil
	}
	if err != nil {
		return change.OutboxEvent{}, false, fault(doing, err)
	}
	id, alert, _ := strings.Cut(text, "\n")
	words := strings.SplitN(id, " ", 3) // what, when, the alert's id
	if len(words) != 3 {
		return change.OutboxEvent{}, false, fmt.Errorf("%s: %q can't be read", doing, id)
	}
	ms, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil {
		return change.OutboxEvent{}, false, fmt.Errorf("%s: %q can't be read", doing, id)
	}
	return change.OutboxEvent{ID: id, Alert: alert, Over: words[0] == "over", At: fromMillis(ms)}, true, nil
}

// EventDone takes an event out of the outbox. One that has left it already is no error.
func (s alerts) EventDone(ctx context.Context, hook, id string) error {
	_, err := s.eval(ctx, "taking an event out of the outbox", eventDoneScript, []string{s.keys.outbox(hook)}, id)
	return err
}

// EventsWaiting is how many events each of the webhooks waits for.
func (s alerts) EventsWaiting(ctx context.Context, hooks ...string) (map[string]int64, error) {
	counts := make([]*redis.IntCmd, len(hooks))
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, h := range hooks {
			counts[i] = p.LLen(ctx, s.keys.outbox(h))
		}
		return nil
	})
	if err != nil {
		return nil, fault("counting events", err)
	}
	all := map[string]int64{}
	for i, h := range hooks {
		all[h] = counts[i].Val()
	}
	return all, nil
}
