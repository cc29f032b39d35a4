package transport_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

// gate is a change.CallGate that notes what it is asked and told.
type gate struct {
	said   []string
	err    error
	sendBy time.Time
	arrive func() int64 // how many calls have arrived
}

func (g *gate) ask(_ context.Context, timeout time.Duration) (change.CallSlot, error) {
	g.said = append(g.said, "begin "+timeout.String())
	if g.arrive() > 0 {
		g.said = append(g.said, "after it arrived")
	}
	return change.CallSlot{SendBy: g.sendBy, Ended: func(certain bool) {
		g.said = append(g.said, map[bool]string{true: "over", false: "unsure"}[certain])
	}}, g.err
}

// A call that may change something is noted before it is sent, and what is known of its end is told.
func TestCallsThatChangeSomethingAreNotedFirst(t *testing.T) {
	t.Parallel()
	fenced := errors.New("fenced")
	answer := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		method, path, body string
		handler            http.HandlerFunc
		gate               gate
		want               []string
		arrives            int64
		err                error
	}{
		"a read":            {method: "GET", path: "/", handler: answer(200), arrives: 1},
		"a search":          {method: "POST", path: "/x/_search", body: "{}", handler: answer(200), arrives: 1},
		"a write":           {method: "PUT", path: "/", body: "{}", handler: answer(200), arrives: 1, want: []string{"begin 1m0s", "over"}},
		"without a body":    {method: "DELETE", path: "/", handler: answer(200), arrives: 1, want: []string{"begin 1m0s", "over"}},
		"refused":           {method: "POST", path: "/", body: "{}", handler: answer(409), arrives: 1, want: []string{"begin 1m0s", "over"}},
		"a gateway gave up": {method: "PUT", path: "/", body: "{}", handler: answer(504), arrives: 1, want: []string{"begin 1m0s", "unsure"}},
		"no answer":         {method: "PUT", path: "/", body: "{}", handler: cut, arrives: 1, want: []string{"begin 1m0s", "unsure"}, err: new(transport.NoAnswerError)},
		"fenced":            {method: "PUT", path: "/", body: "{}", handler: answer(200), gate: gate{err: fenced}, want: []string{"begin 1m0s"}, err: fenced},
		"fenced, no body":   {method: "DELETE", path: "/", handler: answer(200), gate: gate{err: fenced}, want: []string{"begin 1m0s"}, err: fenced},
		"noted too long ago": {
			method: "PUT", path: "/", body: "{}", handler: answer(200), gate: gate{sendBy: time.Unix(1, 0)},
			want: []string{"begin 1m0s", "over"}, err: transport.ErrExpired,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, arrived := server(t, c.handler)
			c.gate.arrive = arrived.Load
			ctx := context.WithValue(t.Context(), change.CallGateKey{}, change.CallGate(c.gate.ask))
			var body *strings.Reader
			req, err := http.NewRequestWithContext(ctx, c.method, url+c.path, http.NoBody)
			if c.body != "" {
				body = strings.NewReader(c.body)
				req, err = http.NewRequestWithContext(ctx, c.method, url+c.path, body)
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = newTransport(t, transport.Options{CallTimeout: time.Minute}).RoundTrip(req) //nolint:bodyclose // it has been read
			if diff := cmp.Diff(c.want, c.gate.said); diff != "" {
				t.Errorf("the gate (-want +got):\n%s", diff)
			}
			if n := arrived.Load(); n != c.arrives {
				t.Errorf("%d calls arrived, want %d", n, c.arrives)
			}
			none, lost := errors.AsType[*transport.NoAnswerError](err)
			switch {
			case c.err == nil && err != nil, c.err != nil && !lost:
				t.Errorf("error %v", err)
			case c.arrives == 0 && (!errors.Is(err, c.err) || c.gate.err != nil && none.Sent):
				t.Errorf("error %v, sent %t", err, none.Sent)
			}
		})
	}
}
