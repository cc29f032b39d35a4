package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

// exitOf runs a command line and returns the code that the program would end with.
func exitOf(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	code = cli.Execute(t.Context(), cmd, &out)
	return code, out.String()
}

func TestExitCodesTellUsageFromFailure(t *testing.T) {
	t.Chdir(t.TempDir())
	head := "3:" + strings.Repeat("0a", 32)
	for _, tc := range []struct {
		line string
		code int
		says string
	}{
		{"config", 0, "Check a configuration"},
		{"config example", 0, "environment:"},
		{"version", 0, "remote-cluster-bot dev"},
		{"config chek", cli.Usage, `unknown command "chek" for "remote-cluster-bot config"; did you mean check?`},
		{"audit wat", cli.Usage, "unknown command"},
		{"policy wat", cli.Usage, "unknown command"},
		{"aside wat", cli.Usage, "unknown command"},
		{"sirve", cli.Usage, "unknown command"},
		{"serve --nope", cli.Usage, "unknown flag"},
		{"serve extra", cli.Usage, "unknown command"},
		{"config check -o xml", cli.Usage, "text, json"},
		{"export -o xml", cli.Usage, "json, csv, dot, mermaid, terraform"},
		{"config example --http --socket-mode", cli.Usage, "socket-mode"},
		{"policy explain", cli.Usage, "required flag"},
		{"audit export --format xml", cli.Usage, "jsonl or csv"},
		{"audit export --since yesterday", cli.Usage, "yesterday"},
		{"audit verify --head 3", cli.Usage, "COUNT:HASH"},
		{"audit verify --head 3:beef", cli.Usage, "COUNT:HASH"},
		{"manifest --url ftp://x", cli.Usage, "https://"},
		{"audit verify --head " + head, cli.Failed, "the configuration file config.yaml does not exist"},
		{"config check", cli.Failed, "the configuration file config.yaml does not exist"},
		{"doctor", cli.Failed, "config.yaml"},
	} {
		if code, said := exitOf(t, strings.Fields(tc.line)...); code != tc.code || !strings.Contains(said, tc.says) {
			t.Errorf("%s: ends with %d, want %d: %s", tc.line, code, tc.code, said)
		}
	}
}

// Each command that prints a result prints it as JSON, too.
func TestResultsAreJSONWhereThatIsAskedFor(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "ECE_API_KEY", "EC_API_KEY", "EC_ELASTICSEARCH_PASSWORD"} {
		t.Setenv(name, "secret-"+strings.ToLower(name))
	}
	for name, text := range map[string][]byte{"good.yaml": config.Example, "socket.yaml": config.InSocketMode(config.Example), "bad.yaml": []byte("slack: { mode: 3 }\nslack: {}\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for line, want := range map[string]struct {
		code int
		has  []string
	}{
		"version -o json":                         {0, []string{`"version": "dev"`}},
		"config check --config good.yaml -o json": {0, []string{`"environment": "demo"`, `"problems": []`}},
		"config check --config socket.yaml":       {0, nil},
		"config check --config bad.yaml -o json":  {cli.Failed, []string{`"say": "slack is listed twice: see line 1, too"`}},
		"config check --config none.yaml -o json": {cli.Failed, []string{"does not exist"}},
		"policy show --config good.yaml -o json":  {0, []string{`"rules": [`, `"policy": "`}},
		"doctor --config none.yaml -o json":       {cli.Failed, []string{`"findings": [`}},
		"manifest --socket-mode -o json":          {0, []string{`"socket_mode_enabled": true`}},
	} {
		code, said := exitOf(t, strings.Fields(line)...)
		if code != want.code || strings.Contains(line, "-o json") && !json.Valid([]byte(said)) {
			t.Errorf("%s: ends with %d: %s", line, code, said)
		}
		for _, s := range want.has {
			if !strings.Contains(said, s) {
				t.Errorf("%s: %q is not in %s", line, s, said)
			}
		}
	}
}

func TestServeSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	if code, said := exitOf(t, "serve", "--help"); code != 0 || !strings.Contains(said, "Redis 6.2 or Valkey 8") || !strings.Contains(said, "config example") {
		t.Errorf("%d: %s", code, said)
	}
}
