package main

import (
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
)

// namespace is also the release's name.
const namespace = "remote-cluster-bot"

// rendering is what Helm would send to Kubernetes.
type rendering struct {
	manifests []releaseutil.Manifest // in the order in which they are installed
	hooks     []*release.Hook
	notes     string
}

// render does what "helm template" does: it checks the values by the chart's schema and fills the templates in.
func render(folder string, values []byte) (rendering, error) {
	c, err := loader.Load(folder)
	if err != nil {
		return rendering{}, err
	}
	v, err := chartutil.ReadValues(values)
	if err != nil {
		return rendering{}, err
	}
	options := chartutil.ReleaseOptions{Name: namespace, Namespace: namespace, Revision: 1, IsInstall: true}
	filled, err := chartutil.ToRenderValues(c, v, options, chartutil.DefaultCapabilities)
	if err != nil {
		return rendering{}, err
	}
	files, err := engine.Render(c, filled)
	if err != nil {
		return rendering{}, err
	}
	notes := c.Name() + "/templates/NOTES.txt"
	r := rendering{notes: files[notes]}
	delete(files, notes)
	r.hooks, r.manifests, err = releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	return r, err
}
