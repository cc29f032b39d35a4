package bot

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestALongerHoldIsNotCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _, _ := newMessenger(t, nil)
		m.pace.backOff("chat.update", "C1", 30*time.Second)
		m.pace.backOff("chat.update", "C1", time.Second) // another call's answer, that was longer on its way
		start := time.Now()
		if err := m.Update(t.Context(), Posted{"C1", "1"}, Message{Text: "x"}); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 30*time.Second {
			t.Errorf("waited %v, Slack asked for 30s", waited)
		}
	})
}

// Slack limits updates for the whole workspace, whatever the channel.
func TestPatienceWithUpdatesIsKeptInAllChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _, _ := newMessenger(t, map[string][]answer{"chat.update": {limited("7"), {body: `{"ok":true}`}}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if e := slackError(t, m.Update(ctx, Posted{"C1", "1"}, Message{Text: "x"})); e.Kind != Limited {
			t.Fatalf("%+v", e)
		}
		start := time.Now()
		if err := m.Update(t.Context(), Posted{"C2", "1"}, Message{Text: "x"}); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 7*time.Second {
			t.Errorf("an update in another channel waited %v", waited)
		}
	})
}

// Six wait for the same hold to end. The first to go is told to be patient again: the others must not have gone along.
func TestThoseWhoWaitedDoNotBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ok := answer{body: `{"ok":true}`}
		m, a, _ := newMessenger(t, map[string][]answer{"chat.postEphemeral": {limited("5"), limited("20"), ok}})
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { _ = m.Ephemeral(t.Context(), "C1", "U0", Message{Text: "x"}) })
		synctest.Wait()
		for range 5 {
			wg.Go(func() { _ = m.Ephemeral(t.Context(), "C1", "U1", Message{Text: "x"}) })
		}
		wg.Wait()
		var at []time.Duration
		for _, c := range a.calls {
			at = append(at, c.at.Sub(start))
		}
		want := []time.Duration{0, 5 * time.Second, 25 * time.Second}
		if len(at) != 8 || at[1] != want[1] || at[2] != want[2] {
			t.Fatalf("called at %v, want at %v and then on", at, want)
		}
		for i := 3; i < len(at); i++ {
			if at[i]-at[i-1] < releaseSpacing {
				t.Errorf("called at %v: a burst", at)
			}
		}
	})
}

// More channels than are remembered: those whose limit or hold still counts keep it.
func TestWhatStillCountsIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _, _ := newMessenger(t, nil)
		const post = "chat.postMessage"
		m.pace.backOff(post, "busy", time.Minute)
		_ = m.pace.limiters(post, "busy")[0].Allow()
		for n := range 2 * maxSpots {
			channel := fmt.Sprint("C", n)
			m.pace.backOff(post, channel, time.Second)
			m.pace.limiters(post, channel)
		}
		if held, channels := len(m.pace.held), len(m.pace.channels); held > maxSpots || channels > maxSpots {
			t.Errorf("%d holds and %d limits are remembered", held, channels)
		}
		if rest := m.pace.rest(place(post, "busy")); rest != time.Minute {
			t.Errorf("the hold lasts %v more", rest)
		}
		if m.pace.limiters(post, "busy")[0].Allow() {
			t.Error("a channel that was just posted to may be posted to again at once")
		}
	})
}
