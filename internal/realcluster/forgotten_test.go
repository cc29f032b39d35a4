package realcluster_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/realcluster"
)

// silent is an address that accepts connections and never says anything, until stop is called: settings that point there
// are being applied for ten seconds.
func silent(t *testing.T) (address string, stop func()) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
		}
	}()
	return l.Addr().String(), func() { _ = l.Close() }
}

// forgets shows that nodes which read a new key for an alias while its settings are being applied forget the alias, and
// that only a change of a setting by which connections are made brings it back.
func (p pair) forgets(t *testing.T) {
	t.Helper()
	address, stop := silent(t)
	defer stop()
	set := func(settings string) {
		call(t, p.local, 200, http.MethodPut, "/_cluster/settings", `{"persistent":`+settings+`}`)
	}
	known := func() bool {
		return strings.Contains(string(call(t, p.local, 200, http.MethodGet, "/_remote/info", "")), `"f":{`)
	}
	alias := fmt.Sprintf(`{"cluster.remote.f":{"mode":"proxy","proxy_address":%q,"server_name":"f","skip_unavailable":true}}`, address)
	key := issue(t, p.remote)
	applied := make(chan struct{})
	go func() {
		defer close(applied)
		set(alias)
	}()
	for !known() {
		time.Sleep(20 * time.Millisecond)
	}
	if err := p.local.SetSecret(t.Context(), "cluster.remote.f.credentials", &key); err != nil {
		t.Fatal(err)
	}
	call(t, p.local, 200, http.MethodPost, "/_nodes/reload_secure_settings", "")
	<-applied
	stop()
	if is := string(call(t, p.local, 200, http.MethodGet, "/_cluster/settings?flat_settings=true", "")); !strings.Contains(is, "cluster.remote.f.proxy_address") {
		t.Errorf("it is not set: %s", is)
	}
	for _, path := range []string{"/_resolve/cluster/f:*", "/f:*/_search"} {
		if is := string(call(t, p.local, 404, http.MethodGet, path, "")); !strings.Contains(is, "no such remote cluster: [f]") {
			t.Errorf("%s: %s", path, is)
		}
	}
	for _, try := range []struct {
		name  string
		do    func()
		helps bool
	}{
		{"nothing", func() {}, false},
		{"the same settings again", func() { set(alias) }, false},
		{"another reload", func() { call(t, p.local, 200, http.MethodPost, "/_nodes/reload_secure_settings", "") }, false},
		{"another skip_unavailable", func() { set(`{"cluster.remote.f.skip_unavailable":false}`) }, p.local.Version == realcluster.Version9},
		{"another number of sockets", func() { set(`{"cluster.remote.f.proxy_socket_connections":19}`) }, true},
	} {
		if try.do(); known() != try.helps {
			t.Errorf("%s: the nodes know the alias: %t", try.name, known())
		}
	}
	set(`{"cluster.remote.f.*":null}`)
}
