package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// wish is a change that somebody asks for: a connection, or later something else about it.
type wish struct {
	verb, who, local, remote string
	approver                 string
	withdraw                 bool          // who asked changes their mind while the approver presses
	lasts                    time.Duration // it is to end by itself after that, and approved by one person alone; 0: neither
	then                     string        // the verb of what is asked for once the connection is made; empty: nothing
}

// wishes of people who don't get into each other's way: each has one modal at a time.
var wishes = []wish{
	{verb: "connect", who: "alice", local: "logs-prod", remote: "metrics-eu", approver: "bob"},
	{verb: "connect", who: "mallory", local: "security-siem", remote: "metrics-eu", approver: "carol"},
	{verb: "connect", who: "carol", local: "security-siem", remote: "archive-us", approver: "bob"},
}

func (w wish) title() string { return w.verb + " " + w.local + " → " + w.remote }

// next is the wish that follows on w.
func (w wish) next() wish {
	return wish{verb: w.then, who: w.who, local: w.local, remote: w.remote, approver: w.approver}
}

// command is what is typed. The bot offers the remote deployment's name as the alias, and people take that.
func (w wish) command() string {
	if w.lasts > 0 {
		return fmt.Sprintf("/remote-cluster connect %s %s for %.0f seconds", w.local, w.remote, w.lasts.Seconds())
	}
	if w.verb == "connect" {
		return "/remote-cluster connect " + w.local + " " + w.remote
	}
	return "/remote-cluster " + w.verb + " " + w.local + "/" + w.remote
}

// answers are what is filled into the form, by field.
func (w wish) answers() map[string]string {
	answers := map[string]string{"What is it for?": "torture " + w.title()}
	switch w.verb {
	case "connect":
		answers["Indices that may be searched"] = "*-20*"
	case "update":
		answers["Indices that may be searched"] = "*-20*, *-19*"
	}
	return answers
}

// said is what came back from a person's act.
type said struct {
	workspace.Outcome
	Error string `json:"error"`
}

func (o said) ok() bool { return o.Error == "" && o.Problem == "" && len(o.Errors) == 0 }

func (s *stage) act(ctx context.Context, a workspace.Act) said {
	var out said
	if err := s.call(ctx, http.MethodPost, s.world.SlackControl+"/act", a, &out); err != nil {
		out.Error = err.Error()
	}
	return out
}

func (s *stage) slack(ctx context.Context) (workspace.State, error) {
	var state workspace.State
	err := s.call(ctx, http.MethodGet, s.world.SlackControl+"/state", nil, &state)
	return state, err
}

// until looks at the workspace again and again.
func (s *stage) until(ctx context.Context, limit time.Duration, wanted func(workspace.State) bool) bool {
	end := time.Now().Add(limit)
	for ctx.Err() == nil {
		if state, err := s.slack(ctx); err == nil && wanted(state) {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		pause(ctx, 60*time.Millisecond)
	}
	return false
}

// lives plays a wish from the question to its end, and then what follows on it. It returns how many requests came of it.
func (s *stage) lives(ctx context.Context, w wish) (asked int, err error) {
	if err := s.ask(ctx, w); err != nil {
		return 0, err
	}
	shows, err := s.decide(ctx, w)
	if err != nil || w.then == "" || !strings.Contains(shows, words[change.Applied]) {
		return 1, err
	}
	more, err := s.lives(ctx, w.next())
	return 1 + more, err
}

// ask makes somebody ask until it is done: people try again when Slack says that an app did not respond.
func (s *stage) ask(ctx context.Context, w wish) error {
	for ctx.Err() == nil {
		if s.card(ctx, w).TS != "" {
			return nil
		}
		if s.fillIn(ctx, w) {
			if s.until(ctx, 5*time.Second, func(st workspace.State) bool { return cardOf(st, w).TS != "" }) {
				return nil
			}
			continue
		}
		s.act(ctx, workspace.Act{User: w.who, Do: "dismiss"})
		pause(ctx, 200*time.Millisecond)
	}
	return fmt.Errorf("%s could not ask for %s: %w", w.who, w.title(), ctx.Err())
}

// filled is what the form shows once the bot has filled it in.
func (w wish) filled() string {
	if w.verb == "connect" {
		return ":9443"
	}
	return "What is it for?"
}

// fillIn opens the modal, fills it and submits it, again where the answer was lost: that counts once.
func (s *stage) fillIn(ctx context.Context, w wish) bool {
	if !s.act(ctx, workspace.Act{User: w.who, Do: "type", Channel: "#clusters", Text: w.command()}).ok() {
		return false
	}
	if !s.until(ctx, 3*time.Second, func(st workspace.State) bool {
		v, ok := st.Modal(w.who)
		return ok && strings.Contains(st.RenderView(v), w.filled())
	}) {
		return false
	}
	for field, text := range w.answers() {
		if !s.act(ctx, workspace.Act{User: w.who, Do: "fill", Field: field, Text: text}).ok() {
			return false
		}
	}
	for range 6 {
		out := s.act(ctx, workspace.Act{User: w.who, Do: "submit"})
		if out.ok() {
			return true
		}
		s.log("%s submits: %s %s %v", w.who, out.Problem, out.Error, out.Errors)
		if out.Error != "" { // the modal is gone
			return true
		}
		pause(ctx, 300*time.Millisecond)
	}
	return false
}

func (s *stage) card(ctx context.Context, w wish) workspace.Message {
	state, err := s.slack(ctx)
	if err != nil {
		return workspace.Message{}
	}
	return cardOf(state, w)
}

// cardOf finds the card of a wish: the message at the top that carries the request in its metadata.
func cardOf(state workspace.State, w wish) workspace.Message {
	for _, m := range state.Messages {
		if slot(m) == "card" && strings.Contains(state.Render(m), "torture "+w.title()) {
			return m
		}
	}
	return workspace.Message{}
}

// slot and request tell what a message of the bot is.
func slot(m workspace.Message) string { return ofPayload(m, "slot") }

func request(m workspace.Message) string { return ofPayload(m, "request") }

func ofPayload(m workspace.Message, key string) string {
	payload, _ := m.Metadata["event_payload"].(map[string]any)
	text, _ := payload[key].(string)
	return text
}

// decide makes people press until the request has come to its end: after drift it waits for them once more.
// It returns the card at the end.
func (s *stage) decide(ctx context.Context, w wish) (string, error) {
	for ctx.Err() == nil {
		pause(ctx, 100*time.Millisecond)
		state, err := s.slack(ctx)
		if err != nil {
			continue
		}
		card := cardOf(state, w)
		shows := state.Render(card)
		if card.TS != "" && ended(shows) {
			return shows, nil
		}
		if !strings.Contains(shows, "[ Approve") {
			continue
		}
		if w.withdraw {
			go s.act(ctx, workspace.Act{User: w.who, Do: "confirm", Channel: card.Channel, TS: card.TS, Field: "Withdraw"})
		}
		var out said
		if w.lasts > 0 {
			out = s.breakGlass(ctx, w, card)
		} else {
			out = s.act(ctx, workspace.Act{User: w.approver, Do: "confirm", Channel: card.Channel, TS: card.TS, Field: "Approve"})
		}
		s.log("%s approves %s: %s %s", w.approver, w.title(), out.Problem, out.Error)
		pause(ctx, 1500*time.Millisecond)
	}
	return "", fmt.Errorf("%s did not come to its end: %w", w.title(), ctx.Err())
}

// withdrawStray withdraws what nobody waits for any more, as its requester would. A process that was frozen may take a
// form into hand that its user has given up since, after what they then asked for by another has come to its end.
func (s *stage) withdrawStray(ctx context.Context) {
	state, err := s.slack(ctx)
	if err != nil {
		return
	}
	for _, m := range state.Messages {
		shows := state.Render(m)
		if slot(m) != "card" || !strings.Contains(shows, "[ Withdraw") {
			continue
		}
		for _, w := range append(slices.Clone(wishes), brief, lasting) {
			if strings.Contains(shows, "Requested by @"+w.who) && s.act(ctx, workspace.Act{User: w.who, Do: "confirm", Channel: m.Channel, TS: m.TS, Field: "Withdraw"}).ok() {
				s.strays++
				s.log("%s withdraws what was asked by a form given up", w.who)
			}
		}
	}
}

// ended reports whether a card shows an end.
func ended(card string) bool {
	for _, word := range words {
		if strings.Contains(card, word) {
			return true
		}
	}
	return false
}
