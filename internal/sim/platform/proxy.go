package platform

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"slices"
)

// passOn passes a call on to Elasticsearch under ECE's own identity. Only ECE describes the path.
func passOn(c *call, w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Management-Request") != "true" {
		c.answer(w, 0, nil, refuse(http.StatusBadRequest, "root.missing_header", "The header X-Management-Request: true is required", "X-Management-Request"))
		return
	}
	c.p.mu.Lock()
	d, bad := c.resource()
	c.p.mu.Unlock()
	if bad == nil && c.vars["resource_kind"] != "elasticsearch" {
		bad = refuse(http.StatusNotFound, "deployments.deployment_resource_not_found", "This stand-in has no "+c.vars["resource_kind"]+" to reach")
	}
	if bad == nil && len(bytes.TrimSpace(c.raw)) > 0 {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || !slices.Contains([]string{"application/json", "application/text", "application/x-ndjson"}, kind) {
			bad = refuse(http.StatusUnsupportedMediaType, "root.unsupported_media_type", "The request's Content-Type must be application/json, application/text or application/x-ndjson")
		}
	}
	if bad != nil {
		c.answer(w, 0, nil, bad)
		return
	}
	on := r.Clone(r.Context())
	on.URL.Path, on.URL.RawPath = "/"+c.vars["proxy_path"], ""
	on.Body = io.NopCloser(bytes.NewReader(c.raw))
	on.Header.Del("Authorization")
	on.Header.Del("X-Management-Request")
	d.proxied.ServeHTTP(w, on)
}

// getRemoteClusters answers GET …/remote-clusters: remote clusters of the certificate model within the platform. Those
// set through Elasticsearch are not among them.
func getRemoteClusters(c *call) (int, any, *apiError) {
	if _, bad := c.resource(); bad != nil {
		return 0, nil, bad
	}
	return http.StatusOK, map[string]any{"resources": []any{}}, nil
}
