package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/ece"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// bench is one of the two worlds in which the bot's client does the same things: a stand-in ECE, in front of a real
// cluster or a simulated one.
type bench struct {
	es     *es.Client
	tape   *tape
	remote string // address that a connection to the remote cluster needs
	server string // its server name
}

// benches are the worlds, "real" and "stand-in".
func benches(t *testing.T) map[string]bench {
	t.Helper()
	nodes := startReal(t, "local", "remote")
	for _, index := range []string{"metrics-1", "metrics-2"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+nodes["remote"].http+"/"+index+"/_doc/1?refresh=true", strings.NewReader(`{"a":1}`))
		must(t, err)
		req.Header.Set("Content-Type", "application/json")
		transport := &http.Transport{DisableKeepAlives: true}
		resp, err := transport.RoundTrip(req)
		must(t, err)
		must(t, resp.Body.Close())
	}
	docs := []json.RawMessage{json.RawMessage(`{"a":1}`)}
	remote := platform.DeploymentSpec{Name: "remote", Version: realVersion, Indices: map[string][]json.RawMessage{"metrics-1": docs, "metrics-2": docs}}

	real := newBench(t, platform.DeploymentSpec{Name: "local", Version: realVersion, Elasticsearch: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: nodes["local"].http})
			r.Out.Header.Del("Accept-Encoding") // what comes back is read here
		},
	}}, nil)
	real.remote, real.server = nodes["remote"].transport, "localhost"
	standIn := newBench(t, platform.DeploymentSpec{Name: "local", Version: realVersion}, &remote)
	return map[string]bench{"real": real, "stand-in": standIn}
}

func newBench(t *testing.T, local platform.DeploymentSpec, remote *platform.DeploymentSpec) bench {
	t.Helper()
	w, seen, transport := world(t, 0)
	onECE, err := w.AddECE(platform.Spec{Name: "ece-prod"})
	must(t, err)
	d, err := onECE.AddDeployment(local)
	must(t, err)
	p, err := ece.New(ece.Options{
		Name: "ece-prod", BaseURL: onECE.URL(), APIKey: secret.New(onECE.Key()), Transport: transport, Now: time.Now, CallTimeout: time.Minute,
	})
	must(t, err)
	found, err := p.Deployment(t.Context(), d.ID())
	must(t, err)
	c, err := p.Cluster(found)
	must(t, err)
	b := bench{tape: seen}
	b.es, _ = c.(*es.Client)
	if remote == nil {
		return b
	}
	// The stand-in has security, as every cluster of a platform has: its connection needs a key.
	remote.Users = []cluster.User{{Name: "elastic", Password: password, Roles: []string{"superuser"}}}
	there, err := onECE.AddDeployment(*remote)
	must(t, err)
	answer := caller{t, transport, there}.wants(200, "POST", "/_security/cross_cluster/api_key", `{"name":"k","access":{"search":[{"names":["*"]}]}}`)
	encoded := between(t, answer, `"encoded":"`, `"`)
	d.Cluster().PatchKeystore(map[string]*string{"cluster.remote.m.credentials": &encoded, "cluster.remote.away.credentials": &encoded})
	b.remote, b.server = there.Endpoint()+":9443", there.Endpoint()
	return b
}

// step is one thing that the bot's client does on both benches.
type step struct {
	name string
	do   func(context.Context, bench) error
}

// puts is an update of settings of the alias m; REMOTE and SERVER stand for the bench's own, null removes.
func puts(name, persistent string) step {
	return step{name, func(ctx context.Context, b bench) error {
		text := strings.NewReplacer("REMOTE", b.remote, "SERVER", b.server).Replace(persistent)
		var s link.Settings
		if err := json.Unmarshal([]byte(text), &s.Persistent); err != nil {
			return fmt.Errorf("the test's own settings: %w", err)
		}
		return b.es.PutSettings(ctx, s)
	}}
}

func resolves(name, alias string, patterns ...string) step {
	return step{name, func(ctx context.Context, b bench) error {
		_, err := b.es.Resolve(ctx, alias, patterns)
		return err
	}}
}

var (
	reads = func(name string) step {
		return step{name, func(ctx context.Context, b bench) error {
			_, err := b.es.RemoteSettings(ctx)
			return err
		}}
	}
	infos = func(name string) step {
		return step{name, func(ctx context.Context, b bench) error {
			_, err := b.es.RemoteInfo(ctx)
			return err
		}}
	}
	searches = func(name, target string) step {
		return step{name, func(ctx context.Context, b bench) error {
			_, err := b.es.Search(ctx, []string{target}, 1)
			return err
		}}
	}
)

var steps = []step{
	{"about", func(ctx context.Context, b bench) error { _, err := b.es.About(ctx); return err }},
	{"license", func(ctx context.Context, b bench) error { _, err := b.es.License(ctx); return err }},
	reads("settings of a fresh cluster"),
	infos("info of a fresh cluster"),
	resolves("resolve an unknown alias", "m", "*"),
	searches("search an unknown alias", "m:metrics-*"),
	puts("nothing", `{}`),
	puts("unknown mode", `{"cluster.remote.m.mode":"nonsense"}`),
	puts("address without port", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"example.com"}`),
	puts("address with a bad port", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"example.com:port"}`),
	puts("address without mode", `{"cluster.remote.m.proxy_address":"REMOTE"}`),
	puts("server name without mode", `{"cluster.remote.m.server_name":"SERVER"}`),
	puts("seeds beside proxy", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"REMOTE","cluster.remote.m.seeds":["REMOTE"]}`),
	puts("node connections beside proxy", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"REMOTE","cluster.remote.m.node_connections":3}`),
	puts("unknown setting", `{"cluster.remote.m.nonsense":"x"}`),
	puts("unknown group", `{"cluster.remotes.m.mode":"proxy"}`),
	puts("flag that is none", `{"cluster.remote.m.skip_unavailable":"maybe"}`),
	puts("no sockets", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"REMOTE","cluster.remote.m.proxy_socket_connections":0}`),
	puts("sockets that are no number", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"REMOTE","cluster.remote.m.proxy_socket_connections":"many"}`),
	puts("credentials as a setting", `{"cluster.remote.m.credentials":"x"}`),
	puts("compression that is none", `{"cluster.remote.m.transport.compress":"zip"}`),
	puts("schedule that is none", `{"cluster.remote.m.transport.ping_schedule":"often"}`),
	puts("removal of what is not there", `{"cluster.remote.m.mode":null,"cluster.remote.m.proxy_address":null}`),
	puts("mode alone", `{"cluster.remote.m.mode":"proxy"}`),
	infos("info of a mode alone"),
	puts("connect", `{"cluster.remote.m.mode":"proxy","cluster.remote.m.proxy_address":"REMOTE","cluster.remote.m.server_name":"SERVER",`+
		`"cluster.remote.m.skip_unavailable":"false"}`),
	{"info once connected", func(ctx context.Context, b bench) error {
		for range 100 {
			info, err := b.es.RemoteInfo(ctx)
			if err != nil || info["m"].Connected {
				return err
			}
			time.Sleep(100 * time.Millisecond)
		}
		return errors.New("never connected")
	}},
	resolves("resolve what is there", "m", "metrics-*"),
	resolves("resolve several", "m", "metrics-1", "metrics-2"),
	resolves("resolve a pattern of nothing", "m", "nothing-*"),
	resolves("resolve a name of nothing", "m", "nothing"),
	searches("search what is there", "m:metrics-*"),
	searches("search a pattern of nothing", "m:nothing-*"),
	searches("search a name of nothing", "m:nothing"),
	reads("settings once connected"),
	puts("change one", `{"cluster.remote.m.skip_unavailable":"true"}`),
	infos("info after the change"),
	puts("remove the mode alone", `{"cluster.remote.m.mode":null}`),
	puts("remove the address alone", `{"cluster.remote.m.proxy_address":null}`),
	puts("to nowhere", `{"cluster.remote.away.mode":"proxy","cluster.remote.away.proxy_address":"127.0.0.1:1","cluster.remote.away.skip_unavailable":"false"}`),
	infos("info of nowhere"),
	resolves("resolve nowhere", "away", "*"),
	searches("search nowhere", "away:x"),
	{"reload", func(ctx context.Context, b bench) error { return b.es.ReloadSecureSettings(ctx) }},
	puts("remove all", `{"cluster.remote.m.mode":null,"cluster.remote.m.proxy_address":null,"cluster.remote.m.server_name":null,`+
		`"cluster.remote.m.skip_unavailable":null,"cluster.remote.away.mode":null,"cluster.remote.away.proxy_address":null,"cluster.remote.away.skip_unavailable":null}`),
	infos("info after removal"),
	reads("settings after removal"),
	resolves("resolve after removal", "m", "*"),
}

// TestRealElasticsearch lets the bot's client do the same on a real cluster and on a simulated one, and compares what
// they answer, request by request. What differs must be in real/differences.md, with the reason.
func TestRealElasticsearch(t *testing.T) {
	both := benches(t)
	known := knownDifferences(t)
	for _, s := range steps {
		said := map[string]fault.Exchange{}
		for name, b := range both {
			err := s.do(t.Context(), b)
			all := b.tape.exchanges()
			last := all[len(all)-1]
			if err != nil && last.Status == http.StatusOK && s.name != "reload" {
				t.Errorf("%s, %s: the client does not understand the answer: %v\n%s", s.name, name, err, last.Answer)
			}
			last.Answer = []byte(strings.NewReplacer(b.remote, "REMOTE:1", b.server, "SERVER").Replace(string(last.Answer)))
			said[name] = last
		}
		for _, d := range differences(said["real"], said["stand-in"]) {
			key := s.name + " | " + d.at
			i := slices.IndexFunc(known, func(k knownDifference) bool { return k.covers(key) })
			if i < 0 {
				t.Errorf("| %s | %s | %s | ? |", key, d.real, d.standIn)
				continue
			}
			known[i].met = true
		}
	}
	for _, k := range known {
		if !k.met && !strings.Contains(k.why, "at times") {
			t.Errorf("no longer a difference: %s (%s)", k.key, k.why)
		}
	}
}

// knownDifference is a row of real/differences.md. A place that ends in * covers all that begin so.
type knownDifference struct {
	key, why string // key: step | place
	met      bool
}

func (k knownDifference) covers(key string) bool {
	begin, any := strings.CutSuffix(k.key, "*")
	return key == k.key || any && strings.HasPrefix(key, begin)
}

func knownDifferences(t *testing.T) []knownDifference {
	t.Helper()
	raw, err := os.ReadFile("real/differences.md")
	must(t, err)
	var out []knownDifference
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		if len(cells) < 5 || cells[0] == "step" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		out = append(out, knownDifference{key: cells[0] + " | " + cells[1], why: cells[len(cells)-1]})
	}
	return out
}

type difference struct{ at, real, standIn string }

// changing are values that differ from call to call.
var changing = regexp.MustCompile(`^\.(took|cluster_name|hits\.hits\[0\]\._(id|index)|_clusters\.details\.\w+\.took|nodes\.ID\.name)$`)

// nodeIDs are what a cluster's only node is called in an answer.
var nodeIDs = regexp.MustCompile(`"nodes":\{"[^"]+":`)

func differences(real, standIn fault.Exchange) []difference {
	var out []difference
	if real.Status != standIn.Status {
		out = append(out, difference{"status", fmt.Sprint(real.Status), fmt.Sprint(standIn.Status)})
	}
	for _, name := range []string{"Content-Type", "X-Elastic-Product"} {
		if a, b := real.RespHeader.Get(name), standIn.RespHeader.Get(name); a != b {
			out = append(out, difference{name, a, b})
		}
	}
	a, b := flat(nodeIDs.ReplaceAll(real.Answer, []byte(`"nodes":{"ID":`))), flat(nodeIDs.ReplaceAll(standIn.Answer, []byte(`"nodes":{"ID":`)))
	for _, at := range slices.Sorted(maps.Keys(union(a, b))) {
		if a[at] != b[at] && !changing.MatchString(at) {
			out = append(out, difference{at, a[at], b[at]})
		}
	}
	return out
}

func union(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// flat turns JSON into its leaves by path.
func flat(raw []byte) map[string]string {
	out := map[string]string{}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		out["text"] = string(raw)
		return out
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, in := range v {
				walk(at+"."+name, in)
			}
			if len(v) == 0 {
				out[at] = "{}"
			}
		case []any:
			for i, in := range v {
				walk(fmt.Sprintf("%s[%d]", at, i), in)
			}
			if len(v) == 0 {
				out[at] = "[]"
			}
		default:
			one, _ := json.Marshal(v) //nolint:errchkjson // it came from JSON
			out[at] = string(one)
		}
	}
	walk("", v)
	return out
}
