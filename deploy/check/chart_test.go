package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

const chart = "../helm"

// externalSecret is what the chart uses of external-secrets.io/v1: the operator's own types come with all of its
// providers. Fields as in the operator's docs/api/spec.md.
type externalSecret struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            struct {
		RefreshInterval string `json:"refreshInterval"`
		SecretStoreRef  struct {
			Name string `json:"name"`
			Kind string `json:"kind"`
		} `json:"secretStoreRef"`
		Target struct {
			Name string `json:"name"`
		} `json:"target"`
		Data []struct {
			SecretKey string    `json:"secretKey"`
			RemoteRef remoteRef `json:"remoteRef"`
		} `json:"data"`
		DataFrom []struct {
			Extract remoteRef `json:"extract"`
		} `json:"dataFrom"`
	} `json:"spec"`
}

type remoteRef struct {
	Key      string `json:"key"`
	Property string `json:"property"`
}

// DeepCopyObject is wanted by the scheme; nothing here copies.
func (e *externalSecret) DeepCopyObject() runtime.Object { return e }

// decode refuses fields that Kubernetes and the operators do not know.
func decode(t *testing.T, text string) runtime.Object {
	t.Helper()
	known := scheme.Scheme
	if err := monitoring.AddToScheme(known); err != nil {
		t.Fatal(err)
	}
	known.AddKnownTypeWithName(schema.GroupVersionKind{Group: "external-secrets.io", Version: "v1", Kind: "ExternalSecret"}, &externalSecret{})
	o, _, err := json.NewSerializerWithOptions(json.DefaultMetaFactory, known, known, json.SerializerOptions{Yaml: true, Strict: true}).Decode([]byte(text), nil, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return o
}

// objects are all that a release consists of, those of the hooks last.
func objects(t *testing.T, r rendering) []runtime.Object {
	t.Helper()
	var all []runtime.Object
	for _, m := range r.manifests {
		all = append(all, decode(t, m.Content))
	}
	for _, h := range r.hooks {
		all = append(all, decode(t, h.Manifest))
	}
	return all
}

func only[T any](t *testing.T, all []runtime.Object) T {
	t.Helper()
	for _, o := range all {
		if one, ok := o.(T); ok {
			return one
		}
	}
	var none T
	t.Fatalf("there is no %T", none)
	return none
}

func valueFiles(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(chart, "ci/*-values.yaml"))
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(name), "-values.yaml")] = raw
	}
	return files
}

func TestChartPassesHelmsLinter(t *testing.T) {
	for name, raw := range valueFiles(t) {
		values, err := chartutil.ReadValues(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range lint.All(chart, values, namespace, true).Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("%s: %s: %v", name, m.Path, m.Err)
			}
		}
	}
}

// TestEveryObjectIsOneThatKubernetesKnows, and what one says of another is there.
func TestEveryObjectIsOneThatKubernetesKnows(t *testing.T) {
	kinds := map[string]bool{}
	for name, raw := range valueFiles(t) {
		t.Run(name, func(t *testing.T) {
			r, err := render(chart, raw)
			if err != nil {
				t.Fatal(err)
			}
			all := objects(t, r)
			for _, o := range all {
				kinds[o.GetObjectKind().GroupVersionKind().Kind] = true
				if c, ok := o.(*core.ConfigMap); ok {
					parses(t, c.Data["config.yaml"])
				}
			}
			d, job := only[*apps.Deployment](t, all), only[*batch.Job](t, all)
			restricted(t, d.Spec.Template.Spec)
			restricted(t, job.Spec.Template.Spec)
			fits(t, d, all)
			if c := job.Spec.Template.Spec.Containers[0]; c.Image != d.Spec.Template.Spec.Containers[0].Image || c.Args[1] != "check" {
				t.Errorf("the check is %s %v", c.Image, c.Args)
			}
		})
	}
	want := []string{
		"ConfigMap", "Deployment", "ExternalSecret", "Ingress", "Job", "NetworkPolicy", "PodDisruptionBudget", "PrometheusRule", "Service", "ServiceMonitor",
	}
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
		t.Errorf("the value files make %v", got)
	}
}

// parses hands the rendered configuration to the program's own parser.
func parses(t *testing.T, text string) {
	t.Helper()
	secret := strings.Repeat("x", 40)
	_, err := config.Parse("config.yaml", []byte(text), config.Source{
		LookupEnv: func(name string) (string, bool) {
			return secret, !strings.HasPrefix(name, "OTEL_") && (!strings.HasPrefix(name, "RCB_") || strings.HasSuffix(name, "_KEY"))
		},
		ReadFile: func(string) ([]byte, error) { return []byte(secret), nil },
	})
	if err != nil && !strings.Contains(err.Error(), "ca_file") { // there is no certificate
		t.Error(err)
	}
}

// restricted: what the Pod Security Standard of that name asks for, and a little more.
func restricted(t *testing.T, pod core.PodSpec) {
	t.Helper()
	s, c := pod.SecurityContext, pod.Containers[0].SecurityContext
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken || !*s.RunAsNonRoot || *s.RunAsUser == 0 ||
		s.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault || *c.AllowPrivilegeEscalation || !*c.ReadOnlyRootFilesystem ||
		!slices.Equal(c.Capabilities.Drop, []core.Capability{"ALL"}) {
		t.Errorf("not restricted: %+v %+v", s, c)
	}
}

// fits follows names and selectors from one object to another.
func fits(t *testing.T, d *apps.Deployment, all []runtime.Object) {
	t.Helper()
	labels, ports := d.Spec.Template.Labels, map[string]int32{}
	for _, p := range d.Spec.Template.Spec.Containers[0].Ports {
		ports[p.Name] = p.ContainerPort
	}
	selects := func(what string, selector map[string]string) {
		for k, v := range selector {
			if labels[k] != v {
				t.Errorf("%s selects %s=%s, which no pod has", what, k, v)
			}
		}
	}
	selects("the deployment", d.Spec.Selector.MatchLabels)
	s := only[*core.Service](t, all)
	selects("the service", s.Spec.Selector)
	for _, p := range s.Spec.Ports {
		if ports[p.TargetPort.String()] == 0 {
			t.Errorf("the service sends to port %s", p.TargetPort.String())
		}
	}
	n := only[*networking.NetworkPolicy](t, all)
	selects("the network policy", n.Spec.PodSelector.MatchLabels)
	for _, rule := range n.Spec.Ingress {
		if ports[rule.Ports[0].Port.String()] == 0 {
			t.Errorf("the network policy opens port %s", rule.Ports[0].Port)
		}
	}
	letsOut(t, n, all)
	mounted := map[string]bool{}
	for _, m := range d.Spec.Template.Spec.Containers[0].VolumeMounts {
		mounted[m.Name] = true
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		if !mounted[v.Name] {
			t.Errorf("the volume %s is not mounted", v.Name)
		}
		delete(mounted, v.Name)
	}
	for name := range mounted {
		t.Errorf("there is no volume %s", name)
	}
}

// letsOut: the bot may connect to each port that its configuration names, and the policy names none twice.
func letsOut(t *testing.T, n *networking.NetworkPolicy, all []runtime.Object) {
	t.Helper()
	open := map[string]bool{}
	for _, p := range n.Spec.Egress[1].Ports {
		if open[p.Port.String()] {
			t.Errorf("the network policy names port %s twice", p.Port)
		}
		open[p.Port.String()] = true
	}
	for _, o := range all {
		c, ok := o.(*core.ConfigMap)
		if !ok {
			continue
		}
		for _, m := range regexp.MustCompile(`(?:https?://[^/\s]+|\.svc):([0-9]+)`).FindAllStringSubmatch(c.Data["config.yaml"], -1) {
			if !open[m[1]] {
				t.Errorf("the network policy keeps the bot from %s", m[0])
			}
		}
	}
}

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	files, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("deploy/%s is out of date: make manifests (%v)", name, err)
		}
	}
}
