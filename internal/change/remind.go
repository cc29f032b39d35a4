package change

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// RemindedAtOnce is how many people one reminder goes to: Slack lets a bot update about 50 messages a minute, and each
// gets a copy of the card, which is drawn again as the request moves.
const RemindedAtOnce = 12

var errNotDue = errors.New("no reminder is due")

// Remind records that those whose approvals of r are missing are reminded, if its rule asks for that by now. The record is
// what makes it happen once: anyone who shows requests to people tells those it names. It reports whether it was due.
func (s *Service) Remind(ctx context.Context, r *Request) (bool, error) {
	_, err := s.decide(ctx, DecisionInput{ID: r.ID}, "", DecisionRemind, func(r *Request, m *Transition) error {
		if r.State != Pending {
			return errNotDue
		}
		verdict, err := s.o.Policy.Evaluate(ctx, r)
		if err != nil {
			return err
		}
		who := nextReminded(r, verdict.Who())
		if len(who) == 0 || !reminderDue(r, verdict.Remind, s.o.Now()) {
			return errNotDue
		}
		m.Decisions[len(m.Decisions)-1].To = who
		m.Entry.Detail = strings.Join(who, " ")
		return nil
	})
	return due(err)
}

// nextReminded are those of who that a reminder goes to: as many as it may, those first who had the fewest.
func nextReminded(r *Request, who []string) []string {
	had := map[string]int{}
	for _, d := range r.Decisions {
		if d.Kind == DecisionRemind {
			for _, u := range d.To {
				had[u]++
			}
		}
	}
	who = slices.Clone(who)
	slices.SortStableFunc(who, func(a, b string) int { return cmp.Compare(had[a], had[b]) })
	return who[:min(len(who), RemindedAtOnce)]
}

// reminderDue reports whether a reminder has come due that no earlier one has answered. After a time in which nobody
// looked, several become one.
func reminderDue(r *Request, after []time.Duration, now time.Time) bool {
	asked := r.AskedAt()
	var due time.Time
	for _, d := range after {
		if at := asked.Add(d); !at.After(now) && at.After(due) {
			due = at
		}
	}
	if due.IsZero() {
		return false
	}
	last := r.Last(DecisionRemind)
	return last == nil || last.At.Before(due)
}
