package selfmanaged_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/selfmanaged"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

const (
	hookSecret = "a-secret-of-the-hook-0123456789abcdef"
	entry      = "cluster.remote.archive.credentials"
	value      = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6"
)

// answer is what a hook answers to one call.
type answer struct {
	status int
	body   string
}

// hooked is a cluster whose nodes tell the given names after a reload, and a hook that gives these answers.
func hooked(t *testing.T, nodes string, answers ...answer) (p *selfmanaged.Platform, d elastic.Deployment, calls *[]selfmanaged.Operation) {
	t.Helper()
	calls = &[]selfmanaged.Operation{}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Header.Get(selfmanaged.HeaderSignature) != selfmanaged.Sign(secret.New(hookSecret), r.Header.Get(selfmanaged.HeaderTime), body) {
			t.Error("the signature is wrong")
		}
		var op selfmanaged.Operation
		if err := json.Unmarshal(body, &op); err != nil {
			t.Error(err)
		}
		*calls = append(*calls, op)
		now := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		w.WriteHeader(now.status)
		_, _ = io.WriteString(w, now.body)
	}))
	t.Cleanup(hook.Close)
	cluster := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		_, _ = io.WriteString(w, `{"_nodes":{"failed":0},"nodes":{`+nodes+`}}`)
	}))
	t.Cleanup(cluster.Close)
	p, err := selfmanaged.New(selfmanaged.Options{
		Name: "dc", Now: time.Now, Clusters: []selfmanaged.Cluster{{Name: "search", URL: cluster.URL}},
		Credentials: es.Credentials{{Deployment: "*", Username: "u", Password: secret.New("p")}},
		Hook:        &selfmanaged.Hook{URL: hook.URL, Secret: secret.New(hookSecret), Timeout: 1500 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, elastic.Deployment{Ref: elastic.Ref{Platform: "dc", Deployment: "search"}, Name: "search"}, calls
}

func TestTheSignatureIsThatOfTheDocumentation(t *testing.T) {
	t.Parallel()
	// printf '1700000000.{}' | openssl dgst -sha256 -hmac key
	const want = "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
	if got := selfmanaged.Sign(secret.New("key"), "1700000000", []byte("{}")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAHookIsAskedAgainWhileItIsAtIt(t *testing.T) {
	t.Parallel()
	done := answer{200, `{"entries":["keystore.seed","` + entry + `"]}`}
	p, d, calls := hooked(t, `"a":{"name":"node-1"}`, answer{202, ""}, done)
	if err := p.StoreSecret(t.Context(), d, entry, secret.New(value)); err != nil {
		t.Fatal(err)
	}
	put := selfmanaged.Operation{Operation: "put", Platform: "dc", Cluster: "search", Entry: entry, Value: value}
	if diff := cmp.Diff([]selfmanaged.Operation{put, put}, *calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestAHookThatDoesNotDoItIsToldOf(t *testing.T) {
	t.Parallel()
	has := answer{200, `{"entries":["` + entry + `"]}`}
	node := func(name string, entries ...string) string {
		raw, err := json.Marshal(entries)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`%q:{"name":%q,"secure_setting_names":%s}`, name, name, raw)
	}
	for name, test := range map[string]struct {
		nodes     string
		answer    answer
		want      string
		ambiguous bool
	}{
		"it refuses":             {"", answer{409, `{"error":"a playbook is running for ` + value + `"}`}, "409", false},
		"it breaks":              {"", answer{500, `{}`}, "500", true},
		"it takes too long":      {"", answer{202, ""}, "still at it after 1.5s", true},
		"it names no entries":    {"", answer{200, `{}`}, "names no entries", true},
		"it does not list it":    {"", answer{200, `{"entries":[]}`}, "does not list", true},
		"one node has it not":    {node("node-1", entry) + "," + node("node-2", "keystore.seed"), has, "node node-2 has no " + entry, true},
		"one node can't read it": {`"a":{"name":"node-1","reload_exception":{"type":"x","reason":"no file"}}`, has, "node node-1: no file", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, d, _ := hooked(t, test.nodes, test.answer)
			err := p.StoreSecret(t.Context(), d, entry, secret.New(value))
			call, ok := err.(*elastic.CallError) //nolint:errorlint // the ports promise it unwrapped
			if !ok || !strings.Contains(err.Error(), test.want) || call.Ambiguous != test.ambiguous {
				t.Errorf("got %v (%+v), want %q", err, call, test.want)
			}
			if err != nil && (strings.Contains(err.Error(), value) || strings.Contains(err.Error(), hookSecret)) {
				t.Errorf("a secret is told: %v", err)
			}
		})
	}
}

func TestAnEntryThatStaysIsToldOf(t *testing.T) {
	t.Parallel()
	p, d, _ := hooked(t, "", answer{200, `{"entries":["` + entry + `"]}`})
	if err := p.RemoveSecret(t.Context(), d, entry); err == nil || !strings.Contains(err.Error(), "still lists") {
		t.Errorf("got %v", err)
	}
	p, d, _ = hooked(t, `"a":{"name":"node-1","secure_setting_names":["`+entry+`"]}`, answer{200, `{"entries":[]}`})
	if err := p.RemoveSecret(t.Context(), d, entry); err == nil || !strings.Contains(err.Error(), "node node-1 still has") {
		t.Errorf("got %v", err)
	}
}
