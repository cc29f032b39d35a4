package contract

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

const password = "correct-horse"

// tape keeps the exchanges of one world.
type tape struct {
	mu  sync.Mutex
	all []fault.Exchange
}

func (t *tape) observe(x fault.Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, x)
}

func (t *tape) exchanges() []fault.Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.all)
}

// world is an empty world of stand-ins, and the transport to it; it ends with the test.
func world(t *testing.T, planTime time.Duration) (*platform.World, *tape, *http.Transport) {
	t.Helper()
	seen := &tape{}
	w := platform.NewWorld(platform.Options{Now: time.Now, PlanTime: planTime, OnExchange: seen.observe})
	transport := transport.NewTransport(transport.Trust{})
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := w.Close(); err != nil {
			t.Errorf("closing the world: %v", err)
		}
	})
	return w, seen, transport
}

// demo is the demo's world.
func demo(t *testing.T, planTime time.Duration) (*platform.World, *tape, *http.Transport) {
	t.Helper()
	w, seen, transport := world(t, planTime)
	if err := w.AddDemo(platform.DemoOptions{Password: password}); err != nil {
		t.Fatal(err)
	}
	return w, seen, transport
}

// described expects everything that was said in a world to be described.
func described(t *testing.T, seen *tape) {
	t.Helper()
	platforms := swaggers(t)
	for _, x := range seen.exchanges() {
		if err := conforms(platforms, x); err != nil {
			t.Error(err)
		}
	}
}
