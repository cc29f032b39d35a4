package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// AboutReal is what GET / of each deployment with real nodes answers, by name.
func (s *Stage) AboutReal(ctx context.Context, names ...string) (map[string]string, error) {
	about := map[string]string{}
	for _, name := range names {
		var raw json.RawMessage
		if err := AsSuperuser(ctx, s.Deployment(name), http.MethodGet, "/", "", &raw); err != nil {
			return nil, err
		}
		var lines bytes.Buffer
		if err := json.Indent(&lines, raw, "", "  "); err != nil {
			return nil, err
		}
		about[name] = lines.String()
	}
	return about, nil
}

// AsSuperuser calls a deployment's Elasticsearch as a person would from Kibana.
func AsSuperuser(ctx context.Context, d *platform.Deployment, method, path, body string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, d.ServiceURL()+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("elastic", d.Cluster().Password("elastic"))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s of %s: %s: %s", method, path, d.Name(), resp.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}
