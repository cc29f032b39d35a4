package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

var (
	yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	heading   = regexp.MustCompile(`(?m)^## (.*)$`)
)

// withSection is the example configuration with sections of another text in place of its own.
func withSection(t *testing.T, text string) *config.Config {
	t.Helper()
	var whole, sections map[string]any
	if err := yaml.Unmarshal(config.Example, &whole); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(text), &sections); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	for name, section := range sections {
		whole[name] = section
		if name == "policy" {
			delete(whole, "approvals")
		}
	}
	raw, err := yaml.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("docs.yaml", raw, config.Source{
		ReadFile: func(string) ([]byte, error) { return []byte("x"), nil },
		LookupEnv: func(name string) (string, bool) {
			if name == "WEBHOOK_SECRET" {
				return stage.WebhookSecret, true
			}
			return "x", !strings.HasPrefix(name, "OTEL_") && (!strings.HasPrefix(name, "RCB_") || strings.HasSuffix(name, "_KEY"))
		},
	})
	if err != nil {
		t.Fatalf("%v\nin:\n%s", err, text)
	}
	return c
}

// TestEveryPieceOfConfigurationInTheDocsIsOne, and goes together with the example.
func TestEveryPieceOfConfigurationInTheDocsIsOne(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range pages {
		raw, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(p) == "kubernetes.md" {
			continue // those are values of the chart: deploy/check tries them
		}
		for _, m := range yamlBlock.FindAllStringSubmatch(string(raw), -1) {
			withSection(t, m[1])
			found++
		}
	}
	if found < 5 {
		t.Errorf("only %d pieces were found", found)
	}
}

// somebody is in every group.
type somebody struct{}

func (somebody) Members(context.Context, policy.Group) ([]string, error) {
	return []string{"U0BOB", "U0CAROL", "U0DAVE"}, nil
}

// TestRecipesDecideAsTheySay tries the rules of the cookbook on changes.
func TestRecipesDecideAsTheySay(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	recipes := map[string]string{}
	for _, part := range strings.Split(string(raw), "\n## ")[1:] {
		title := heading.FindStringSubmatch("## " + part)[1]
		for i, m := range yamlBlock.FindAllStringSubmatch(part, -1) {
			recipes[strings.TrimSuffix(fmt.Sprint(title, ", ", i+1), ", 1")] = m[1]
		}
	}
	for _, c := range []struct {
		recipe string
		traits map[string]string
		rule   string // empty: refused
	}{
		{"Any two of one team", nil, "two owners"},
		{"One from each side", nil, "both sides"},
		{"Production is strict, the rest is easy", nil, "production"},
		{"Production is strict, the rest is easy", map[string]string{"local.name": "logs-dev"}, "everything else"},
		{"Production is strict, the rest is easy", map[string]string{"local.name": "logs-dev", "remote.name": "billing-prod"}, "everything else"},
		{"Production is strict, the rest is easy", map[string]string{"local.name": "logs-dev", "remote.tag.criticality": "high"}, "tagged as critical"},
		{"Wide access needs security", nil, "narrow"},
		{"Wide access needs security", map[string]string{"breadth": "wide"}, "reads everything"},
		{"Wide access needs security", map[string]string{"access": "replication"}, "copies data away"},
		{"Some things nobody may ask for", nil, "api keys"},
		{"Some things nobody may ask for", map[string]string{"model": "certificate"}, ""},
		{"Some things nobody may ask for", map[string]string{"also": "filter"}, ""},
		{"Some things nobody may ask for", map[string]string{"remote.name": "billing-2026"}, ""},
		{"Work only within a window", map[string]string{"kind": "rotate"}, "rotations any time"},
		{"Work only within a window", nil, "the rest by day"},
		{"Work only within a window, 2", nil, "the rest"},
		{"Work only within a window, 2", map[string]string{"also": "role"}, "the rest"},
		{"Work only within a window, 2", map[string]string{"also": "restart"}, "restarts by night"},
	} {
		traits := map[string][]string{
			"kind": {"connect"}, "model": {"api_key"}, "access": {"search"}, "breadth": {"narrow"}, "key": {"issued"},
			"local.platform": {"ece-prod"}, "local.name": {"logs-prod"}, "remote.platform": {"elastic-cloud"}, "remote.name": {"metrics-eu"},
		}
		for name, value := range c.traits {
			traits[name] = []string{value}
		}
		judge := policy.New(withSection(t, recipes[c.recipe]).Rules(), somebody{}, time.Now)
		terms, err := judge.Authorize(t.Context(), change.Proposal{Kind: "link.connect", Traits: traits}, change.Actor{User: "U0DAVE"})
		if terms.Rule != c.rule || (err == nil) != (c.rule != "") {
			t.Errorf("%s, %v: rule %q, %v, want %q", c.recipe, c.traits, terms.Rule, err, c.rule)
		}
	}
}
