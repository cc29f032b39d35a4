package realcluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
)

// order is a way to move an alias from certificates to a key, and back.
type order struct {
	name       string
	move, back func(*moving)
}

// orders are those that were compared; the second is the one that the bot takes.
var orders = []order{
	{"key, settings", func(m *moving) { m.store(); m.put(m.byKey()) }, func(m *moving) { m.remove(); m.put(m.byCertificate()) }},
	{"key, reload, settings", func(m *moving) { m.store(); m.read(true); m.put(m.byKey()) }, func(m *moving) { m.remove(); m.read(false); m.put(m.byCertificate()) }},
	{
		"key, reload, no settings, settings",
		func(m *moving) { m.store(); m.read(true); m.away(); m.put(m.byKey()) },
		func(m *moving) { m.remove(); m.read(false); m.away(); m.put(m.byCertificate()) },
	},
	{"settings, key", func(m *moving) { m.put(m.byKey()); m.store() }, func(m *moving) { m.put(m.byCertificate()); m.remove() }},
}

// moving is an alias through which searches go on while it is moved.
type moving struct {
	t    *testing.T
	p    pair
	key  string
	late time.Duration // from the platform's answer until the nodes' keystore has changed
	work sync.WaitGroup
}

func (m *moving) byKey() string         { return m.settings(realcluster.PortRemoteCluster) }
func (m *moving) byCertificate() string { return m.settings(realcluster.PortTransport) }

func (m *moving) settings(port int) string {
	return fmt.Sprintf(`{"persistent":{"cluster.remote.m":{"mode":"proxy","proxy_address":"%s:%d","server_name":"%[1]s","skip_unavailable":false}}}`, remoteHost, port)
}

// put writes settings, and has skip_unavailable take effect as it is set.
func (m *moving) put(body string) {
	call(m.t, m.p.local, 200, http.MethodPut, "/_cluster/settings", body)
	if !strings.Contains(m.info(), `"skip_unavailable":true`) {
		return
	}
	for _, skip := range []bool{true, false} {
		call(m.t, m.p.local, 200, http.MethodPut, "/_cluster/settings", fmt.Sprintf(`{"persistent":{"cluster.remote.m.skip_unavailable":%t}}`, skip))
	}
}

func (m *moving) away() {
	call(m.t, m.p.local, 200, http.MethodPut, "/_cluster/settings", `{"persistent":{"cluster.remote.m.*":null}}`)
}

func (m *moving) info() string {
	return string(call(m.t, m.p.local, 200, http.MethodGet, "/_remote/info", ""))
}

// store and remove are what a platform does: it answers, and later its nodes have it.
func (m *moving) store()  { m.change(&m.key) }
func (m *moving) remove() { m.change(nil) }

func (m *moving) change(value *string) {
	m.work.Go(func() {
		time.Sleep(m.late)
		if err := m.p.local.SetSecret(m.t.Context(), "cluster.remote.m.credentials", value); err != nil {
			m.t.Error(err)
		}
		_, _, _ = m.p.local.Request(m.t.Context(), 0, http.MethodPost, "/_nodes/reload_secure_settings", "")
	})
}

// read has the nodes read their keystore until the connection has a key, or none.
func (m *moving) read(key bool) {
	for pause := 250 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		call(m.t, m.p.local, 200, http.MethodPost, "/_nodes/reload_secure_settings", "")
		if strings.Contains(m.info(), "cluster_credentials") == key {
			return
		}
		time.Sleep(pause * 3 / 4)
	}
}

// tally is what became of searches.
type tally struct{ all, failed, silent int }

// searching sends twenty searches a second until stop is called.
func (m *moving) searching() (stop func() tally) {
	ctx, cancel := context.WithCancel(m.t.Context())
	var got tally
	var mu sync.Mutex
	var all, ticking sync.WaitGroup
	ticking.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			all.Go(func() { //nolint:contextcheck // a search outlives the last tick
				var found struct {
					Hits struct{ Total struct{ Value int } }
				}
				status, raw, err := m.p.local.Request(m.t.Context(), 0, http.MethodPost, "/m:metrics-*/_search", "{}")
				good := err == nil && status == 200
				mu.Lock()
				defer mu.Unlock()
				got.all++
				switch {
				case !good:
					got.failed++
				case json.Unmarshal(raw, &found) != nil || found.Hits.Total.Value == 0:
					got.failed++
					got.silent++
				}
			})
		}
	})
	return func() tally {
		cancel()
		ticking.Wait()
		all.Wait()
		return got
	}
}

// TestMigrationOrders measures how many searches fail while an alias moves from certificates to a key, and back: MEASURE=1.
func TestMigrationOrders(t *testing.T) {
	if os.Getenv("MEASURE") == "" {
		t.Skip("measures: MEASURE=1 REALTEST=run go test -v -run TestMigrationOrders ./internal/realcluster")
	}
	for _, version := range []string{realcluster.Version8, realcluster.Version9} {
		t.Run(version, func(t *testing.T) {
			d := fetch(t, version)
			local, remote := specs(t)
			here, there := authority(t, "here"), authority(t, "there")
			local.Transport, local.Trust = member(t, here, "localid", "")
			remote.Transport, remote.Trust = member(t, there, "remoteid", remoteHost)
			both := realcluster.Trust{CAs: []string{here.PEM, there.PEM}, Names: []string{nodeName("*", "localid"), nodeName("*", "remoteid")}}
			local.Trust, remote.Trust = both, both
			p := startPair(t, d, local, remote)
			key := issue(t, p.remote)
			for _, late := range []time.Duration{0, 4 * time.Second} {
				for _, o := range orders {
					measure(t, &moving{t: t, p: p, key: key, late: late}, o)
				}
			}
		})
	}
}

func measure(t *testing.T, m *moving, o order) {
	t.Helper()
	m.put(m.byCertificate())
	m.p.search(t, 200)
	for _, way := range []struct {
		name string
		go_  func(*moving)
	}{{"moved", o.move}, {"moved back", o.back}} {
		stop := m.searching()
		time.Sleep(time.Second)
		way.go_(m)
		m.work.Wait()
		time.Sleep(3 * time.Second)
		got := stop()
		skips := strings.Contains(m.info(), `"skip_unavailable":true`)
		t.Logf("late by %s, %s, %s: %d searches, %d failed, %d of them silently; skip_unavailable as set: %t",
			m.late, o.name, way.name, got.all, got.failed, got.silent, !skips)
		m.p.search(t, 200)
	}
}
