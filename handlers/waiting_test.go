package handlers

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/handlerstest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

const handedKey = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6"

// handing is a desk at which a request waits for a person with a key.
func handing(t *testing.T) (*desk, *change.Request, vault) {
	t.Helper()
	d, v := newDesk(t), vault{}
	r := handlerstest.EveryState()["waiting"]
	r.Messages = map[string]change.Message{}
	d.book.Put(r)
	v[r.ID] = secret.New(handedKey)
	d.with(func(o *Options) { o.Secrets = v })
	return d, r, v
}

func (d *desk) pressOn(t *testing.T, r *change.Request, user string, do func(context.Context, bot.Action) (bot.Answer, error)) bot.Answer {
	t.Helper()
	answer, err := do(t.Context(), bot.Action{User: bot.User{ID: user}, Channel: "C0", TriggerID: "t", Value: bot.Value{Text: cards.RefOf(r).String()}})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestTheKeyModalIsTheOnePlaceThatShowsIt(t *testing.T) {
	t.Parallel()
	r := handlerstest.EveryState()["waiting"]
	v := keyModal(r, handedKey)
	if err := handlerstest.CheckModal(v); err != nil {
		t.Error(err)
	}
	if text := handlerstest.ToJSON(t, v); !strings.Contains(text, handedKey) || !strings.Contains(text, r.Wait.Command) {
		t.Errorf("the modal shows %s", text)
	}
}

func TestWhoHelpsIsCalledByAMessageOfItsOwn(t *testing.T) {
	t.Parallel()
	r := handlerstest.EveryState()["waiting"]
	m := cards.WaitLine(r, &change.Evaluation{Helpers: []string{"U0BEN", "U0CAT"}})
	if !strings.Contains(m.Text, "<@U0BEN> or <@U0CAT>: Put the key") {
		t.Errorf("it says %q", m.Text)
	}
	if n := cards.Questions(r); n != 1 {
		t.Errorf("question %d", n)
	}
	r.Decisions = append(r.Decisions, handlerstest.Said(change.DecisionKeyShown, "U0BEN", ""), handlerstest.Said(change.DecisionHandDone, "U0BEN", ""))
	if n := cards.Questions(r); n != 2 {
		t.Errorf("after an answer it is question %d", n)
	}
}

// What Slack does not confirm was perhaps shown: the key is replaced.
func TestAKeyIsShownOnceOrReplaced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails error
		want  change.DecisionKind
		kept  bool
	}{
		"shown":         {nil, change.DecisionKeyShown, false},
		"not confirmed": {errors.New("connection reset"), change.DecisionRenew, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, r, v := handing(t)
			if c.fails != nil {
				d.slack.Fail["open"] = []error{c.fails}
			}
			d.pressOn(t, r, "U0BEN", d.keys.showKey)
			now, err := d.book.Get(t.Context(), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			if last := now.Decisions[len(now.Decisions)-1]; last.Kind != c.want {
				t.Errorf("the last decision is %s, want %s", last.Kind, c.want)
			}
			if _, kept := v[r.ID]; kept != c.kept {
				t.Errorf("sealed %t, want %t", kept, c.kept)
			}
		})
	}
}
