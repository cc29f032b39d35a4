package cloudapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/wire"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

func rulesetPath(more ...string) []string {
	return append([]string{"deployments", "traffic-filter", "rulesets"}, more...)
}

// CreateRuleset sends POST /deployments/traffic-filter/rulesets. An answer without an id leaves a ruleset behind, so it
// is Ambiguous.
func (c *Client) CreateRuleset(ctx context.Context, r link.NewRuleset) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	path := rulesetPath()
	if err := c.do(ctx, request{method: http.MethodPost, path: path, body: r.Body()}, &made); err != nil {
		return "", err
	}
	if made.ID == "" {
		call := wire.Call{System: c.system, Name: http.MethodPost + " /" + strings.Join(path, "/"), Scrub: c.scrub}
		return "", written(call.Odd(http.StatusCreated, "unreadable_answer", "the answer names no ruleset", nil))
	}
	return made.ID, nil
}

// RulesetsNamed reads the list of rulesets: there is no search by name.
func (c *Client) RulesetsNamed(ctx context.Context, name string) ([]string, error) {
	var list struct {
		Rulesets []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"rulesets"`
	}
	if err := c.do(ctx, request{method: http.MethodGet, path: rulesetPath()}, &list); err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range list.Rulesets {
		if r.Name == name {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

// Attach makes a ruleset apply to a deployment; one that applies already is no error there.
func (c *Client) Attach(ctx context.Context, ruleset string, d link.Deployment) error {
	body := map[string]string{"entity_type": "deployment", "id": d.Deployment}
	return c.do(ctx, request{method: http.MethodPost, path: rulesetPath(ruleset, "associations"), body: body}, nil)
}

// Detach makes a ruleset no longer apply to a deployment.
func (c *Client) Detach(ctx context.Context, ruleset string, d link.Deployment) error {
	path := rulesetPath(ruleset, "associations", "deployment", d.Deployment)
	return forgiveMissing(c.do(ctx, request{method: http.MethodDelete, path: path}, nil))
}

// DeleteRuleset deletes a ruleset that applies to nothing any more.
func (c *Client) DeleteRuleset(ctx context.Context, ruleset string) error {
	return forgiveMissing(c.do(ctx, request{method: http.MethodDelete, path: rulesetPath(ruleset)}, nil))
}

// Associated reads GET /deployments/traffic-filter/rulesets/{id}/associations.
func (c *Client) Associated(ctx context.Context, ruleset string) ([]string, error) {
	var list struct {
		Associations []struct {
			ID string `json:"id"`
		} `json:"associations"`
	}
	if err := c.do(ctx, request{method: http.MethodGet, path: rulesetPath(ruleset, "associations")}, &list); err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range list.Associations {
		ids = append(ids, a.ID) // other kinds than deployments are not documented; they count as well
	}
	return ids, nil
}

func forgiveMissing(err error) error {
	if link.IsNotFound(err) {
		return nil
	}
	return err
}
