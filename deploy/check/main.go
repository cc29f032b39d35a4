// Command check writes what is generated under deploy/: the plain Kubernetes manifest, the schema of the chart's
// values, and the chart's copy of the alerts. Its tests hold the chart against Helm's and Kubernetes' own code. It is
// a module apart, so that none of theirs reaches the product's go.mod.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	chartFolder  = "helm"
	manifestFile = "kubernetes/bot.yaml"
	schemaFile   = "helm/values.schema.json"
	alertsFile   = "helm/files/alerts.yaml"
)

func main() {
	files, err := generate("..")
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join("..", name), text, 0o644) //nolint:gosec // not secret
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "deploy/check:", err)
		os.Exit(1)
	}
}

// generate returns the generated files by their names below deploy/.
func generate(deploy string) (map[string][]byte, error) {
	plain, err := plainManifest(filepath.Join(deploy, chartFolder))
	if err != nil {
		return nil, err
	}
	values, err := valuesSchema(deploy)
	if err != nil {
		return nil, err
	}
	rules, err := os.ReadFile(filepath.Join(deploy, "prometheus/alerts.yaml")) //nolint:gosec // the caller names the chart
	return map[string][]byte{manifestFile: plain, schemaFile: values, alertsFile: rules}, err
}

const manifestHead = `# The bot in Kubernetes, without Helm. Written by "make manifests" from the chart in deploy/helm: change that.
# Redis is not part of it: give it one with AOF and noeviction (docs/operations.md).
# config.yaml: slack.listen ":8080", metrics.listen ":9090", secrets as { file: /run/secrets/remote-cluster-bot/NAME }.
# Before: kubectl create namespace remote-cluster-bot
#         kubectl -n remote-cluster-bot create secret generic remote-cluster-bot --from-file=secrets/
#         kubectl -n remote-cluster-bot create configmap remote-cluster-bot --from-file=config.yaml
apiVersion: v1
kind: Namespace
metadata:
  name: remote-cluster-bot
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
`

// plainManifest is the chart with objects of the operator's own, without its hooks.
func plainManifest(folder string) ([]byte, error) {
	values, err := os.ReadFile(filepath.Join(folder, "ci/existing-values.yaml")) //nolint:gosec // the caller names the chart
	if err != nil {
		return nil, err
	}
	r, err := render(folder, values)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(manifestHead)
	for _, m := range r.manifests {
		text := m.Content
		if at := strings.Index(text, "apiVersion:"); at > 0 { // after the comment that names the template
			text = text[at:]
		}
		b.WriteString("---\n" + strings.TrimSpace(text) + "\n")
	}
	return []byte(b.String()), nil
}

// valuesSchema is ours with the configuration's put in at config.
func valuesSchema(deploy string) ([]byte, error) {
	values, err := readJSON(filepath.Join(deploy, "check/values.schema.json"))
	if err != nil {
		return nil, err
	}
	configuration, err := readJSON(filepath.Join(deploy, "../docs/config.schema.json"))
	if err != nil {
		return nil, err
	}
	delete(configuration, "$schema")
	properties, ok := values["properties"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s has no properties", schemaFile)
	}
	properties["config"] = map[string]any{"allOf": []any{configuration, properties["config"]}}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err = enc.Encode(values)
	return b.Bytes(), err
}

func readJSON(name string) (map[string]any, error) {
	raw, err := os.ReadFile(name) //nolint:gosec // the caller names the chart
	if err != nil {
		return nil, err
	}
	var v map[string]any
	err = json.Unmarshal(raw, &v)
	return v, err
}
