package elastictest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

const (
	address = "conform.example.org:9443"
	host    = "conform.example.org"
)

func proxyMode(values map[string]string) elastic.Settings {
	persistent := map[string]json.RawMessage{}
	for name, value := range values {
		persistent["cluster.remote.conform."+name] = json.RawMessage(value)
	}
	return elastic.Settings{Persistent: persistent}
}

func settings(s suite) {
	c := s.cluster()
	read := func() map[string]json.RawMessage {
		all, err := c.RemoteSettings(s.Context())
		if err != nil {
			s.Fatalf("reading the settings: %v", err)
		}
		for name := range all.Persistent {
			if !strings.HasPrefix(name, "cluster.remote.") {
				s.Errorf("read %s, which is no setting of a remote cluster", name)
			}
		}
		return all.Persistent
	}
	put := func(values elastic.Settings) {
		if err := c.PutSettings(s.Context(), values); err != nil {
			s.Fatalf("writing the settings: %v", err)
		}
	}
	before := read()
	for range 2 {
		put(proxyMode(map[string]string{
			"mode": `"proxy"`, "proxy_address": `"` + address + `"`, "server_name": `"` + host + `"`, "skip_unavailable": `"false"`,
		}))
	}
	for name, want := range map[string]string{"mode": `"proxy"`, "proxy_address": `"` + address + `"`, "server_name": `"` + host + `"`} {
		if got := string(read()["cluster.remote.conform."+name]); got != want {
			s.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	info, err := c.RemoteInfo(s.Context())
	if err != nil {
		s.Fatalf("reading the connections: %v", err)
	}
	if i, ok := info["conform"]; !ok || i.Mode != "proxy" || i.ProxyAddress != address || i.ServerName != host || i.Connected {
		s.Errorf("_remote/info: got %+v (there: %v), want proxy to %s, not connected", i, ok, address)
	}
	put(proxyMode(map[string]string{"mode": "null", "proxy_address": "null", "server_name": "null", "skip_unavailable": "null"}))
	if diff := cmp.Diff(before, read(), cmp.Transformer("text", func(r json.RawMessage) string { return string(r) })); diff != "" {
		s.Errorf("settings after removal (-want +got):\n%s", diff)
	}
	if info, err := c.RemoteInfo(s.Context()); err != nil || info["conform"] != (elastic.RemoteInfo{}) {
		s.Errorf("_remote/info after removal: got %+v, %v", info, err)
	}
}

func badSettings(s suite) {
	c := s.cluster()
	for _, bad := range []elastic.Settings{
		proxyMode(map[string]string{"mode": `"sniff"`, "proxy_address": `"` + address + `"`}),
		proxyMode(map[string]string{"mode": `"proxy"`, "proxy_address": `"no-port.example.org"`}),
		proxyMode(map[string]string{"skip_unavailable": `"true"`}),
	} {
		call := s.callError(c.PutSettings(s.Context(), bad))
		if call.Status != 400 || call.Reason == "" || call.Temporary() || call.Ambiguous {
			s.Errorf("%s: got %+v, want a plain refusal", bad.Persistent, call)
		}
	}
}

func unknownAlias(s suite) {
	c := s.cluster()
	got, err := c.Resolve(s.Context(), "no_such_alias", []string{"logs-*", "metrics-*"})
	if err != nil || got.Known || got.Connected {
		s.Errorf("got %+v, %v, want an alias that is not known", got, err)
	}
	if got, err := c.ProbeSearch(s.Context(), "no_such_alias"); err != nil || got != (elastic.Searched{}) {
		s.Errorf("a search: got %+v, %v, want an alias that is not known", got, err)
	}
}

func keySpec(name string) elastic.KeySpec {
	return elastic.KeySpec{
		Name:       name,
		Access:     elastic.Access{Search: []string{"logs-*"}, Replication: []string{"leader"}},
		Expiration: 90 * 24 * time.Hour,
		Metadata:   map[string]string{"managed_by": "conformance"},
	}
}

func (s suite) issue(c elastic.Cluster, name string) elastic.IssuedKey {
	s.Helper()
	if s.NoKeys {
		s.Skip("the credential may not issue keys")
	}
	k, err := c.IssueKey(s.Context(), keySpec(name))
	if err != nil {
		s.Fatalf("issuing %s: %v", name, err)
	}
	if k.ID == "" || k.Encoded.Empty() || k.Expires.IsZero() {
		s.Fatalf("issued %+v: want an id, a secret and an expiry", k)
	}
	return k
}

func (s suite) active(c elastic.Cluster, name string) []string {
	s.Helper()
	keys, err := c.ActiveKeys(s.Context(), name)
	if err != nil {
		s.Fatalf("looking for %s: %v", name, err)
	}
	var ids []string
	for _, k := range keys {
		if k.Name != name {
			s.Errorf("looked for %q, found %q", name, k.Name)
		}
		if k.Metadata["managed_by"] != "conformance" || k.Expires.IsZero() {
			s.Errorf("the key came back as %+v, without its metadata or expiry", k)
		}
		ids = append(ids, k.ID)
	}
	slices.Sort(ids)
	return ids
}

func keysByName(s suite) {
	c := s.cluster()
	k := s.issue(c, "rcb-conform")
	s.issue(c, "rcb-conform-2")
	star := s.issue(c, "rcb-conform*")
	if got := s.active(c, "rcb-conform"); !slices.Equal(got, []string{k.ID}) {
		s.Errorf("got %v, want %s alone", got, k.ID)
	}
	if got := s.active(c, "rcb-conform*"); !slices.Equal(got, []string{star.ID}) {
		s.Errorf("got %v, want %s alone", got, star.ID)
	}
	if got := s.active(c, "rcb-none"); len(got) > 0 {
		s.Errorf("found %v under a name that was never given", got)
	}
}

func keysOfOneName(s suite) {
	c := s.cluster()
	first, second := s.issue(c, "rcb-twice"), s.issue(c, "rcb-twice")
	want := slices.Sorted(slices.Values([]string{first.ID, second.ID}))
	if got := s.active(c, "rcb-twice"); !slices.Equal(got, want) {
		s.Errorf("got %v, want %v", got, want)
	}
	if first.Encoded.Equal(second.Encoded) {
		s.Error("two keys share one secret")
	}
}

func keysInvalidated(s suite) {
	c := s.cluster()
	kept, gone := s.issue(c, "rcb-gone"), s.issue(c, "rcb-gone")
	for range 2 {
		if err := c.InvalidateKeys(s.Context(), []string{gone.ID}); err != nil {
			s.Errorf("invalidating: %v", err)
		}
		if got := s.active(c, "rcb-gone"); !slices.Equal(got, []string{kept.ID}) {
			s.Errorf("got %v, want %s alone", got, kept.ID)
		}
	}
	if err := c.InvalidateKeys(s.Context(), nil); err != nil {
		s.Errorf("invalidating nothing: %v", err)
	}
}

func reload(s suite) {
	if _, err := s.cluster().ReloadSecureSettings(s.Context()); err != nil {
		s.Errorf("reloading: %v", err)
	}
}

func license(s suite) {
	l, err := s.cluster().License(s.Context())
	if err != nil || l.Type == "" || !l.Active {
		s.Errorf("got %+v, %v, want an active license", l, err)
	}
}

func canceled(s suite) {
	d := s.deployment()
	c := s.cluster()
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if err := s.Platform.StoreSecret(ctx, d, entry, secret.New("x")); err == nil {
		s.Error("stored a secret after the end")
	}
	if _, err := c.IssueKey(ctx, keySpec("rcb-late")); err == nil {
		s.Error("issued a key after the end")
	}
	if slices.Contains(s.names(d), entry) || len(s.active(c, "rcb-late")) > 0 {
		s.Error("something was done after the end")
	}
}

func (s suite) callError(err error) *elastic.CallError {
	s.Helper()
	call, ok := err.(*elastic.CallError) //nolint:errorlint // the ports promise it unwrapped
	if !ok {
		s.Fatalf("got %T (%v), want a *link.CallError", err, err)
	}
	return call
}
