package platform

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform/swagger"
)

// handlers by the official operation ids. A handler returns the status of a good answer and its body.
func handlers() map[string]func(*call) (int, any, *apiError) {
	return map[string]func(*call) (int, any, *apiError){
		"list-deployments":                                   listDeployments,
		"search-deployments":                                 searchDeployments,
		"get-deployment":                                     getDeployment,
		"update-deployment":                                  updateDeployment,
		"get-deployment-es-resource-info":                    getResource,
		"get-deployment-es-resource-keystore":                getKeystore,
		"set-deployment-es-resource-keystore":                setKeystore,
		"get-deployment-certificate-authority":               getAuthority,
		"restart-deployment-es-resource":                     restartResource,
		"get-deployment-es-resource-remote-clusters":         getRemoteClusters,
		"get-traffic-filter-rulesets":                        listRulesets,
		"create-traffic-filter-ruleset":                      createRuleset,
		"get-traffic-filter-ruleset":                         getRuleset,
		"update-traffic-filter-ruleset":                      updateRuleset,
		"delete-traffic-filter-ruleset":                      deleteRuleset,
		"create-traffic-filter-ruleset-association":          associate,
		"get-traffic-filter-ruleset-deployment-associations": listAssociations,
		"delete-traffic-filter-ruleset-association":          dissociate,
		"get-traffic-filter-deployment-ruleset-associations": rulesetsOfDeployment,
		"get-allocators":                                     listAllocators,
		"get-allocator":                                      getAllocator,
		"get-tls-certificate":                                getTLS,
		"get-trust-relationships":                            listTrustRelationships,
		"get-trust-relationship":                             getTrustRelationship,
		"get-current-account":                                getAccount,
		"get-trusted-envs":                                   getTrustedEnvironments,
		"list-organizations":                                 listOrganizations,
	}
}

func (p *Platform) serve(w http.ResponseWriter, r *http.Request) {
	c := &call{p: p, header: w.Header()}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		c.answer(w, 0, nil, refuse(http.StatusBadRequest, "root.unreadable_request", "The request could not be read"))
		return
	}
	c.raw = raw
	op, bad := c.admit(r)
	if bad != nil {
		c.answer(w, 0, nil, bad)
		return
	}
	if strings.HasSuffix(op.ID, "-deployment-resource-proxy-requests") {
		passOn(c, w, r)
		return
	}
	do := handlers()[op.ID]
	if do == nil {
		c.answer(w, 0, nil, refuse(http.StatusNotImplemented, "sim.not_simulated", "This stand-in does not serve "+op.ID))
		return
	}
	p.mu.Lock()
	status, body, bad := do(c)
	p.mu.Unlock()
	c.answer(w, status, body, bad)
}

// admit checks everything that can be checked before the work: who calls, what, and with which parameters.
func (c *call) admit(r *http.Request) (swagger.Operation, *apiError) {
	writes, bad := c.p.authenticate(r)
	if bad != nil {
		return swagger.Operation{}, bad
	}
	notFound := refuse(http.StatusNotFound, "root.resource_not_found", "The requested resource could not be found")
	path, ok := c.p.specPath(r.URL.Path)
	if !ok {
		return swagger.Operation{}, notFound
	}
	op, vars, known := c.p.spec.Find(r.Method, path)
	switch {
	case !known:
		return swagger.Operation{}, notFound
	case op.ID == "":
		return swagger.Operation{}, refuse(http.StatusMethodNotAllowed, "root.method_not_allowed", "The method "+r.Method+" is not allowed here")
	}
	c.vars, c.query = vars, r.URL.Query()
	if !op.Served {
		return op, nil
	}
	if r.Method != http.MethodGet && op.ID != "search-deployments" && !writes {
		return op, refuse(http.StatusForbidden, "root.unauthorized", "You are not authorized to perform this action")
	}
	if strings.HasSuffix(op.ID, "-deployment-resource-proxy-requests") {
		return op, nil // the query is Elasticsearch's
	}
	if wrong := c.p.spec.CheckQuery(op, c.query); len(wrong) > 0 {
		return op, invalid(wrong)
	}
	return op, c.checkBody(op, r.Header.Get("Content-Type"))
}

// authenticate reads the API key. writes tells whether it may change anything.
func (p *Platform) authenticate(r *http.Request) (writes bool, bad *apiError) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case scheme == "":
		return false, refuse(http.StatusUnauthorized, "root.unauthenticated", "No credentials were supplied")
	case scheme != "ApiKey":
		return false, refuse(http.StatusUnauthorized, "root.unauthenticated", "The authentication scheme is not supported")
	case key == p.key:
		return true, nil
	case key == p.viewerKey:
		return false, nil
	}
	return false, refuse(http.StatusUnauthorized, "root.unauthenticated", "The supplied authentication is invalid")
}

// globalResources are the first segments that ECE serves without a region.
var globalResources = []string{"deployments", "phone-home", "user", "users", "billing", "organizations", "saas"}

// specPath turns a path into one of the Swagger. ECE needs a region before everything but the global resources,
// Elastic Cloud never.
func (p *Platform) specPath(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, "/api/v1/")
	if !ok {
		return "", false
	}
	first, _, _ := strings.Cut(rest, "/")
	global := slices.Contains(globalResources, first)
	if p.kind == KindCloud {
		return "/" + rest, first != "regions"
	}
	if global {
		return "/" + rest, first != "organizations" // described, and not there in a self-hosted ECE
	}
	rest, ok = strings.CutPrefix(rest, "regions/"+eceRegion+"/")
	first, _, _ = strings.Cut(rest, "/")
	return "/" + rest, ok && !slices.Contains(globalResources, first)
}

func (c *call) checkBody(op swagger.Operation, contentType string) *apiError {
	sc, required := op.Body()
	empty := len(bytes.TrimSpace(c.raw)) == 0
	if sc == nil {
		return nil // a stray body is ignored
	}
	if empty {
		if required {
			return invalid([]string{"body: is required"})
		}
		return nil
	}
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "root.unsupported_media_type", "The request's Content-Type must be application/json")
	}
	v, err := decode(c.raw)
	if err != nil {
		return refuse(http.StatusBadRequest, "root.malformed_json", "The request's body is not JSON: "+err.Error())
	}
	if wrong := c.p.spec.Check("", *sc, v); len(wrong) > 0 {
		return invalid(wrong)
	}
	return nil
}

func (c *call) answer(w http.ResponseWriter, status int, body any, bad *apiError) {
	if bad != nil {
		status, body = bad.status, bad.body()
		w.Header().Set("X-Cloud-Error-Codes", bad.code)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // a client that has gone away is its own problem
}

// Check holds an exchange with this platform against the official Swagger: what the answer has that it should not,
// or lacks. Calls through the proxy and undescribed statuses of errors are not looked into beyond their shape.
func (p *Platform) Check(x fault.Exchange) []string {
	if x.Status == 0 || strings.Contains(x.Path, "/proxy/") {
		return nil
	}
	v, err := decode(x.Answer)
	if err != nil {
		return []string{"the answer is not JSON: " + err.Error()}
	}
	if x.Status >= 400 {
		return p.spec.Check("", swagger.Schema{Ref: "#/definitions/BasicFailedReply"}, v)
	}
	path, ok := p.specPath(x.Path)
	op, _, known := p.spec.Find(x.Method, path)
	if !ok || !known {
		return []string{x.Path + " is not described"}
	}
	resp, described := op.Responses[strconv.Itoa(x.Status)]
	if !described {
		return []string{"status " + strconv.Itoa(x.Status) + " is not among " + strings.Join(slices.Sorted(maps.Keys(op.Responses)), ", ")}
	}
	return p.spec.Check("", *resp.Schema, v)
}

// KeystoreHook starts an endpoint that edits the keystores of the clusters of p for anyone who signs with key, and returns
// its address. Its calls have the name "keystore hook of <platform>" in faults and in the log.
func (p *Platform) KeystoreHook(key string) (url string, err error) {
	return p.listen("", p.tls, p.wrap.Wrap("keystore hook of "+p.name, keystoreHook{p, key}))
}
