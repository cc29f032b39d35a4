package linktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// setting is the place of a setting; its value is text, as Elasticsearch answers every flat setting.
type setting struct{ kind, alias, option string }

type settings map[setting]string

// get returns an option's value in force: transient ones win, and those of elasticsearch.yml lose.
func (s settings) get(alias, option string) string {
	for _, kind := range []string{"transient", "persistent", "file"} {
		if v, ok := s[setting{kind, alias, option}]; ok {
			return v
		}
	}
	return ""
}

func (s settings) aliases() []string {
	all := map[string]bool{}
	for name := range s {
		all[name.alias] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// elasticsearch is a link.Cluster in memory.
type elasticsearch struct{ d *Deployment }

var (
	_ elastic.Cluster   = elasticsearch{}
	_ elastic.Issuer    = elasticsearch{}
	_ elastic.Versioned = elasticsearch{}
)

// MayIssue reports whether the caller is a user.
func (e elasticsearch) MayIssue() error {
	var err error
	e.d.locked(func() {
		if e.d.keyCaller {
			err = errors.New("the caller is an API key")
		}
	})
	return err
}

func (e elasticsearch) do(ctx context.Context, call string, act func() error) error {
	return e.d.w.Do(ctx, e.d.about.String(), call, act)
}

func (e elasticsearch) refuse(call, reason string) error {
	return &elastic.CallError{System: "Elasticsearch of " + e.d.about.Name, Call: call, Status: 400, Code: "illegal_argument_exception", Reason: reason}
}

func (e elasticsearch) License(ctx context.Context) (elastic.License, error) {
	var l elastic.License
	err := e.do(ctx, "License", func() error { l = e.d.license; return nil })
	return answer(l, err)
}

// Version is what the nodes run, whatever the platform says.
func (e elasticsearch) Version(ctx context.Context) (string, error) {
	v := ""
	err := e.do(ctx, "Version", func() error { v = e.d.runs; return nil })
	return answer(v, err)
}

func (e elasticsearch) RemoteSettings(ctx context.Context) (elastic.Settings, error) {
	var s elastic.Settings
	err := e.do(ctx, "RemoteSettings", func() error {
		s.Persistent, s.Transient = e.flat("persistent"), e.flat("transient")
		return nil
	})
	return answer(s, err)
}

func (e elasticsearch) flat(kind string) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	for name, value := range e.d.settings {
		if name.kind == kind && !strings.HasPrefix(name.option, "signing.") { // filtered
			all["cluster.remote."+name.alias+"."+name.option] = json.RawMessage(strconv.Quote(value))
		}
	}
	return all
}

func (e elasticsearch) PutSettings(ctx context.Context, s elastic.Settings) error {
	return e.do(ctx, "PutSettings", func() error {
		next := maps.Clone(e.d.settings)
		for kind, all := range map[string]map[string]json.RawMessage{"persistent": s.Persistent, "transient": s.Transient} {
			for name, raw := range all {
				if name == elastic.SigningAuthorities {
					if err := e.believe(raw); err != nil {
						return err
					}
					continue
				}
				alias, option, ok := strings.Cut(strings.TrimPrefix(name, "cluster.remote."), ".")
				if !ok || !strings.HasPrefix(name, "cluster.remote.") {
					return e.refuse("PUT /_cluster/settings", "unknown setting ["+name+"]")
				}
				at := setting{kind, alias, option}
				if value, there := text(raw); there {
					next[at] = value
				} else {
					delete(next, at)
				}
			}
		}
		for _, alias := range next.aliases() {
			if why := next.wrong(alias); why != "" {
				return e.refuse("PUT /_cluster/settings", why)
			}
		}
		e.d.rebuild(next)
		e.d.race(next)
		e.d.settings = next
		return nil
	})
}

// wrong is what Elasticsearch says against the settings of an alias.
func (s settings) wrong(alias string) string {
	address, mode := s.get(alias, "proxy_address"), s.get(alias, "mode")
	switch {
	case address == "" && s.get(alias, "seeds") == "" && (s.get(alias, "skip_unavailable") != "" || s.get(alias, "transport.compress") != "" ||
		s.get(alias, "transport.ping_schedule") != ""):
		return "Cannot configure setting [cluster.remote." + alias + ".*] if remote cluster is not enabled."
	case address != "" && mode != "proxy":
		return `Setting "cluster.remote.` + alias + `.proxy_address" cannot be used with the configured "cluster.remote.` + alias +
			`.mode" [required=PROXY, configured=SNIFF]`
	case address != "" && !strings.Contains(address, ":"):
		return "remote hosts need to be configured as [host:port], found [" + address + "] instead"
	}
	return ""
}

// text is a setting's value as Elasticsearch keeps it; false for null.
func text(raw json.RawMessage) (string, bool) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil || v == nil {
		return "", false
	}
	return fmt.Sprint(v), true
}

func (e elasticsearch) RemoteInfo(ctx context.Context) (map[string]elastic.RemoteInfo, error) {
	all := map[string]elastic.RemoteInfo{}
	err := e.do(ctx, "RemoteInfo", func() error {
		for _, alias := range e.d.settings.aliases() {
			if e.d.raced[alias] != RaceLost {
				all[alias] = e.d.info(alias)
			}
		}
		return nil
	})
	return answer(all, err)
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

func (e elasticsearch) ReloadSecureSettings(ctx context.Context) ([]elastic.NodeSecrets, error) {
	var nodes []elastic.NodeSecrets
	err := e.do(ctx, "ReloadSecureSettings", func() error {
		e.d.loaded = maps.Clone(e.d.keystore)
		if e.d.late == nil {
			return nil
		}
		all := slices.Sorted(maps.Keys(e.d.keystore))
		nodes = []elastic.NodeSecrets{{Node: "node-1", Told: true, Names: all}, {Node: "node-2", Told: true}}
		if *e.d.late--; *e.d.late < 0 {
			nodes[1].Names = all
		}
		return nil
	})
	return answer(nodes, err)
}

func (e elasticsearch) IssueKey(ctx context.Context, spec elastic.KeySpec) (elastic.IssuedKey, error) {
	var issued elastic.IssuedKey
	err := e.do(ctx, "IssueKey", func() error {
		if len(spec.Access.Search) == 0 && len(spec.Access.Replication) == 0 {
			return e.refuse("POST /_security/cross_cluster/api_key", "must specify non-empty access for either [search] or [replication]")
		}
		for name := range spec.Metadata {
			if strings.HasPrefix(name, "_") {
				return e.refuse("POST /_security/cross_cluster/api_key", "metadata keys may not start with [_]")
			}
		}
		if e.d.keyCaller {
			return e.refuse("POST /_security/cross_cluster/api_key", "An API key cannot be used to create a cross-cluster API key")
		}
		e.d.w.issued++
		k := &key{
			Key:     elastic.Key{ID: fmt.Sprintf("key-%d", e.d.w.issued), Name: spec.Name, Created: e.d.w.now, Metadata: maps.Clone(spec.Metadata), Identity: spec.Identity},
			access:  spec.Access,
			owner:   "bot",
			encoded: secret.New(fmt.Sprintf("ZW5jb2RlZC1zZWNyZXQt%d==", e.d.w.issued)),
		}
		if spec.Expiration > 0 {
			k.Expires = e.d.w.now.Add(spec.Expiration)
		}
		e.d.keys = append(e.d.keys, k)
		e.d.w.secrets = append(e.d.w.secrets, k.encoded)
		issued = elastic.IssuedKey{Key: k.Key, Encoded: k.encoded}
		return nil
	})
	return answer(issued, err)
}

func (e elasticsearch) ActiveKeys(ctx context.Context, name string) ([]elastic.Key, error) {
	var active []elastic.Key
	err := e.do(ctx, "ActiveKeys", func() error {
		for _, k := range e.d.keys {
			if k.Name == name && e.d.active(k) {
				listed := k.Key
				listed.Access, listed.Owner = k.access, k.owner
				active = append(active, listed)
			}
		}
		return nil
	})
	return answer(active, err)
}

func (e elasticsearch) InvalidateKeys(ctx context.Context, ids []string) error {
	return e.do(ctx, "InvalidateKeys", func() error {
		for _, k := range e.d.keys {
			if slices.Contains(ids, k.ID) {
				k.invalidated = true
			}
		}
		return nil
	})
}
