package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// commandLines are the lines of a page's console blocks that begin with a prompt.
func commandLines(page string) []string {
	var all []string
	inside := false
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			inside = line == "```console"
			continue
		}
		if command, ok := strings.CutPrefix(line, "$ "); ok && inside {
			all = append(all, command)
		}
	}
	return all
}

// TestEveryCommandInTheDocsWorks runs the console blocks of docs/ on a stage: the program itself in this process, in a
// folder with a config.yaml whose Slack, Redis and platforms are the stand-ins.
func TestEveryCommandInTheDocsWorks(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("no docs", err)
	}
	texts := map[string]string{}
	for _, p := range pages {
		raw, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(p)] = string(raw)
	}
	c := newClinic(t)
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	writeInstallation(t, c)
	client := redis.NewClient(&redis.Options{Addr: c.Redis.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	audited := store.New(client, store.Options{Env: "demo"})
	if _, err := audited.Create(t.Context(), changetest.Pending("k3vq7wma2d", time.Now()), "", change.Entry{What: "create"}); err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		for _, line := range commandLines(text) {
			t.Run(name+"/"+line, func(t *testing.T) { runLine(t, c, repository, line) })
		}
	}
}

// TestEveryCommandNamedInTheTextExists, with its flags and with every target of make: what stands within a sentence is
// not run.
func TestEveryCommandNamedInTheTextExists(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	inline, target := regexp.MustCompile("`(remote-cluster-bot [^`]+)`"), regexp.MustCompile("(?m)(?:^|`)make ([a-z]+)")
	found := 0
	for _, p := range append(pages, "../../README.md", "../../CONTRIBUTING.md") {
		raw, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inline.FindAllStringSubmatch(string(raw), -1) {
			found++
			words, _, _ := strings.Cut(m[1], " > ")
			cmd, rest, err := root().Find(strings.Fields(words)[1:])
			if err == nil && cmd.HasParent() {
				err = cmd.ParseFlags(rest)
			}
			if err != nil && !strings.Contains(m[1], "--version") {
				t.Errorf("%s: %s: %v", filepath.Base(p), m[1], err)
			}
		}
		for _, m := range target.FindAllStringSubmatch(string(raw), -1) {
			if !bytes.Contains(makefile, []byte("\n"+m[1]+":")) {
				t.Errorf("%s: there is no make %s", filepath.Base(p), m[1])
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d commands were found", found)
	}
}

// writeInstallation makes the working directory one in which an operator stands: config.yaml, secrets, a log.
func writeInstallation(t *testing.T, c *clinic) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, value := range c.env {
		path := filepath.Join(dir, strings.ToLower(name))
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		c.text = strings.ReplaceAll(c.text, "{ env: "+name+" }", "{ file: "+path+" }")
	}
	c.edit("127.0.0.1:8080", "127.0.0.1:0")
	for name, text := range map[string]string{
		"config.yaml": c.text, "bot.log": `{"msg":"request created","request":"k3vq7wma2d"}` + "\n",
		"audit-emea.jsonl": `{"entry":{"at":"2026-11-29T06:00:00Z","request":"k3vq7wma2d","what":"succeed","target":"a"}}` + "\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func runLine(t *testing.T, c *clinic, repository, line string) {
	t.Helper()
	if strings.HasPrefix(line, "remote-cluster-bot ") {
		line, _, _ = strings.Cut(line, " > ") // it would overwrite what other lines need
	}
	words := strings.Fields(line)
	switch words[0] {
	case "remote-cluster-bot":
		ourselves(t, c, words[1:])
	case "export":
		name, _, _ := strings.Cut(words[1], "=")
		if known := slices.Concat(config.Example, []byte("{ env: SLACK_APP_TOKEN }")); !bytes.Contains(known, []byte("{ env: "+name+" }")) {
			t.Errorf("no configuration of these docs reads %s", name)
		}
	case "jq", "openssl", "base64":
		for _, word := range words {
			if slices.Contains([]string{"jq", "openssl", "base64"}, word) {
				if _, err := exec.LookPath(word); err != nil {
					t.Skipf("there is no %s on the PATH", word)
				}
			}
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput()
		if err != nil || len(out) == 0 && words[0] == "jq" {
			t.Errorf("%v: %s", err, out)
		}
		madeKeys(t)
	default:
		if !slices.Contains(onlyParsed, words[0]) {
			t.Errorf("nothing runs %q: a command in the docs has to be tried", line)
		}
		parse(t, repository, line)
	}
}

// madeKeys looks whether what openssl was told to make is what the bot reads.
func madeKeys(t *testing.T) {
	t.Helper()
	if text, err := os.ReadFile("checkpoint.key"); err == nil {
		if _, err := change.ParseSigningKey(string(text)); err != nil {
			t.Error(err)
		}
	}
	if text, err := os.ReadFile("checkpoint.pub"); err == nil {
		if _, err := change.ParsePublicKey(text); err != nil {
			t.Error(err)
		}
	}
}

// onlyParsed are commands that need a cluster, a container engine or root, or write secrets: of them only the syntax and the
// files of this repository are looked at.
var onlyParsed = []string{"brew", "docker", "head", "helm", "journalctl", "kubectl", "make", "mkdir", "printf", "sudo", "valkey-cli", "valkey-server"}

func parse(t *testing.T, repository, line string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "sh", "-n", "-c", line).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for word := range strings.FieldsSeq(line) {
		if !strings.HasPrefix(word, "deploy/") || strings.HasPrefix(word, "deploy/secrets") { // those are the operator's
			continue
		}
		if _, err := os.Stat(filepath.Join(repository, word)); err != nil {
			t.Error(err)
		}
	}
}

func ourselves(t *testing.T, c *clinic, args []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out stagetest.Log
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	switch args[0] {
	case "health":
		askOurHealth(t, c)
		return
	case "serve": // until it listens
		go func() {
			for ctx.Err() == nil && !strings.Contains(out.String(), "listening for Slack") {
				time.Sleep(5 * time.Millisecond)
			}
			cancel()
		}()
	}
	if err := cmd.ExecuteContext(ctx); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	if args[0] == "serve" && !strings.Contains(out.String(), "listening for Slack") || out.String() == "" {
		t.Errorf("it said:\n%s", out.String())
	}
}

// askOurHealth runs the command against a bot that listens where the configuration says.
func askOurHealth(t *testing.T, c *clinic) {
	t.Helper()
	a := entered(t)
	stagetest.Until(t, 20*time.Second, "the bot is ready", func() bool { return askReady(t.Context(), a.Addr) == nil })
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := strings.Replace(c.text, "127.0.0.1:0", a.Addr, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, "health", "--config", file); err != nil {
		t.Error(err)
	}
	if said, err := run(t, "health", "--config", file, "-o", "json"); err != nil || !strings.Contains(said, `"ready": true`) {
		t.Errorf("%v: %s", err, said)
	}
}

// TestDocsLinkToWhatIsThere follows links between files and looks for the files that the text names.
func TestDocsLinkToWhatIsThere(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	link, named := regexp.MustCompile(`\]\(([^)#:]+)\)`), regexp.MustCompile("`(deploy/[^` ]+)`")
	for _, p := range pages {
		raw, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(raw, -1) {
			if _, err := os.Stat(filepath.Join("../../docs", string(m[1]))); err != nil {
				t.Errorf("%s: %v", p, err)
			}
		}
		for _, m := range named.FindAllSubmatch(raw, -1) {
			if _, err := os.Stat(filepath.Join("../..", string(m[1]))); err != nil {
				t.Errorf("%s: %v", p, err)
			}
		}
		if bytes.Contains(raw, []byte("TODO")) {
			t.Errorf("%s is not finished", p)
		}
	}
}

// The scopes of the stage are those of the manifest, so that what the docs say to paste is enough.
func TestTheStageGrantsWhatTheManifestAsksFor(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	c.Slack.SetApp(func(a *workspace.App) {
		if strings.Join(a.Scopes, " ") != strings.Join(bot.Scopes(), " ") {
			t.Errorf("the stage grants %v", a.Scopes)
		}
	})
}
