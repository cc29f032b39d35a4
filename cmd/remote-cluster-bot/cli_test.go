package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

// exitOf runs a command line and returns the code that the program would end with.
func exitOf(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	var out bytes.Buffer
	cmd, began := root(), false
	marked(cmd, &began)
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	if err != nil && !errors.Is(err, errSilent) {
		out.WriteString(err.Error())
	}
	return exitCode(err, began), out.String()
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
		{"config chek", exitUsage, `unknown command "chek" for "remote-cluster-bot config"; did you mean check?`},
		{"audit wat", exitUsage, "unknown command"},
		{"policy wat", exitUsage, "unknown command"},
		{"aside wat", exitUsage, "unknown command"},
		{"sirve", exitUsage, "unknown command"},
		{"serve --nope", exitUsage, "unknown flag"},
		{"serve extra", exitUsage, "unknown command"},
		{"config check -o xml", exitUsage, "text, json"},
		{"export -o xml", exitUsage, "json, csv, dot, mermaid, terraform"},
		{"config example --http --socket-mode", exitUsage, "socket-mode"},
		{"policy explain", exitUsage, "required flag"},
		{"audit export --format xml", exitUsage, "jsonl or csv"},
		{"audit export --since yesterday", exitUsage, "yesterday"},
		{"audit verify --head 3", exitUsage, "COUNT:HASH"},
		{"audit verify --head 3:beef", exitUsage, "COUNT:HASH"},
		{"manifest --url ftp://x", exitUsage, "https://"},
		{"audit verify --head " + head, exitFailed, "the configuration file config.yaml does not exist"},
		{"config check", exitFailed, "the configuration file config.yaml does not exist"},
		{"doctor", exitFailed, "config.yaml"},
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
		"config check --config bad.yaml -o json":  {exitFailed, []string{`"say": "slack stands here twice: see line 1, too"`}},
		"config check --config none.yaml -o json": {exitFailed, []string{"does not exist"}},
		"policy show --config good.yaml -o json":  {0, []string{`"rules": [`, `"policy": "`}},
		"doctor --config none.yaml -o json":       {exitFailed, []string{`"findings": [`}},
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
	if code, said := exitOf(t, "serve", "--help"); code != 0 || !strings.Contains(said, "Redis of version") || !strings.Contains(said, "config example") {
		t.Errorf("%d: %s", code, said)
	}
}
