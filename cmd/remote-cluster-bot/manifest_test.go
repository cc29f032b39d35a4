package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"go.yaml.in/yaml/v3"
)

// run is the program with these arguments: what it prints, and how it ends.
func run(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func manifestOf(t *testing.T, args ...string) slack.Manifest {
	t.Helper()
	out, err := run(t, append([]string{"manifest"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var m slack.Manifest
	if strings.HasPrefix(out, "{") {
		err = json.Unmarshal([]byte(out), &m)
	} else {
		err = yaml.Unmarshal([]byte(out), &m)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return m
}

func TestManifestLinkHoldsTheManifest(t *testing.T) {
	t.Parallel()
	out, err := run(t, "manifest", "--socket-mode", "--link")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(strings.TrimSpace(out))
	if err != nil || u.Host != "api.slack.com" || u.Query().Get("new_app") != "1" {
		t.Fatalf("%s %v", out, err)
	}
	var got slack.Manifest
	if err := json.Unmarshal([]byte(u.Query().Get("manifest_json")), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(manifestOf(t, "--socket-mode", "-o", "json"), got); diff != "" {
		t.Errorf("(-printed +linked):\n%s", diff)
	}
}

func TestManifestForSocketModeHasNoAddress(t *testing.T) {
	t.Parallel()
	out, err := run(t, "manifest", "--socket-mode", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, `"socket_mode_enabled": true`) || strings.Contains(out, "/slack/") {
		t.Errorf("manifest:\n%s", out)
	}
	if diff := cmp.Diff(manifestOf(t, "--socket-mode"), manifestOf(t, "--socket-mode", "-o", "json")); diff != "" {
		t.Errorf("YAML and JSON differ:\n%s", diff)
	}
}

func TestManifestRefusesAnAddressThatSlackWouldNotCall(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://bot.example.com", "bot.example.com", "https://", "https://u:p@bot.example.com", "https://x?y=1"} {
		if out, err := run(t, "manifest", "--url", url); err == nil {
			t.Errorf("%s was accepted:\n%s", url, out)
		}
	}
	if _, err := run(t, "manifest"); err == nil {
		t.Error("neither way of delivery was named")
	}
}

func TestManifestKeepsSlacksLimits(t *testing.T) {
	t.Parallel()
	m := manifestOf(t, "--socket-mode")
	if n := len(m.Display.Name); n > 35 {
		t.Errorf("the name has %d characters, Slack takes 35", n)
	}
	if n := len(m.Display.Description); n > 140 {
		t.Errorf("the description has %d characters, Slack takes 140", n)
	}
	for _, s := range m.Features.Shortcuts {
		if len(s.Name) > 24 || len(s.Description) > 150 {
			t.Errorf("shortcut %q is too long", s.Name)
		}
	}
	for _, c := range m.Features.SlashCommands {
		if len(c.Description) > 2000 || len(c.UsageHint) > 1000 {
			t.Errorf("command %q is too long", c.Command)
		}
	}
}
