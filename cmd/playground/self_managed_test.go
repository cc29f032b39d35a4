package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// told is what the demo prints.
func told(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String()
}

func says(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

// endsWithASearch is what every telling of it says.
var endsWithASearch = []string{
	"has a private authority, CN=datacentre proxies", "valid until",
	"The work waits for a person", "•••• (left out of this transcript)", "GET archive-dc:products-*/_search", "products-2025",
	"Connected and proven: 3 documents of archive-dc read from search-dc",
}

func TestTheDemoOfSelfManagedClustersEndsWithASearch(t *testing.T) {
	text := told(t, "--self-managed")
	says(t, text, endsWithASearch...)
	if strings.Contains(text, "real Elasticsearch") {
		t.Errorf("it says that stand-ins are real:\n%s", text)
	}
}

// Only Slack is a stand-in there: real nodes, and the Redis of this machine if it has one.
func TestTheDemoOfRealSelfManagedClustersEndsWithASearch(t *testing.T) {
	if os.Getenv("REALTEST") != "run" {
		t.Skip("needs real clusters: make realtest")
	}
	text := told(t, "--transcript", "--self-managed", "--real")
	says(t, text, append(endsWithASearch, "search-dc and archive-dc are real Elasticsearch clusters", "GET / of archive-dc", `"tagline": "You Know, for Search"`)...)
	if _, err := exec.LookPath("redis-server"); err == nil {
		says(t, text, "two self-managed clusters, Redis ", "Only Slack is a stand-in")
	}
}

func TestThePageOfSelfManagedClustersHasABotOfItsOwn(t *testing.T) {
	t.Parallel()
	s, err := stage.New(t.Context(), sim.Options{Now: time.Now, SocketMode: true}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, leave, err := addOwn(t.Context(), s, false)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := played(s, dir, pageOptions{approvals: 1}, s.Log, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	says(t, string(text), "kind: self_managed", "- { name: search-dc, url: ", "server_ca_file: ", "mode: socket", s.Redis.Addr())
	if err := leave(); err != nil {
		t.Error(err)
	}
}

func TestARealRedisGoesAndComesBackWithWhatItStored(t *testing.T) {
	t.Parallel()
	r, err := startRedis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		t.Skip("there is neither redis-server nor valkey-server on the PATH")
	}
	defer r.Away()
	command := func(args ...string) string {
		t.Helper()
		out, err := talk(r.addr, strings.Join(args, " "))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if command("SET", "a", "b") != "+OK" {
		t.Fatal("it stores nothing")
	}
	r.Away()
	if _, err := talk(r.addr, "PING"); err == nil {
		t.Error("it answers while it is away")
	}
	if err := r.Back(); err != nil {
		t.Fatal(err)
	}
	if got := command("STRLEN", "a"); got != ":1" {
		t.Errorf("it has %s of what it stored", got)
	}
	if s := r.about(t.Context()); !strings.HasPrefix(s, "Redis ") {
		t.Errorf("it calls itself %q", s)
	}
}
