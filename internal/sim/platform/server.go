package platform

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform/swagger"
)

// call is one API call under way. Handlers run under the world's lock.
type call struct {
	p      *Platform
	vars   map[string]string
	query  url.Values
	raw    []byte
	header http.Header // of the answer
}

// apiError is an error as the platform answers it: BasicFailedReply.
type apiError struct {
	status  int
	code    string
	message string
	fields  []string
}

func refuse(status int, code, message string, fields ...string) *apiError {
	return &apiError{status, code, message, fields}
}

func (e *apiError) body() map[string]any {
	one := map[string]any{"code": e.code, "message": e.message}
	if len(e.fields) > 0 {
		one["fields"] = e.fields
	}
	return map[string]any{"errors": []any{one}}
}

// refusalBody is the body of an ordered status that names none: in the shape of the system.
func refusalBody(system string, status int) []byte {
	text := http.StatusText(status)
	var v any = refuse(status, "root.ordered_fault", text).body()
	if strings.HasPrefix(system, "Elasticsearch of ") {
		e := map[string]any{"type": "exception", "reason": text}
		if status == http.StatusUnauthorized { // as from a node that starts
			text = "unable to authenticate user for REST request"
			e["type"], e["reason"] = "security_exception", text
		}
		v = map[string]any{"error": map[string]any{"root_cause": []any{e}, "type": e["type"], "reason": text}, "status": status}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return raw
}

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
		c.proxy(w, r)
		return
	}
	do := handlers()[op.ID]
	if do == nil {
		c.answer(w, 0, nil, refuse(http.StatusNotImplemented, "sim.not_simulated", "This stand-in does not serve "+op.ID))
		return
	}
	p.w.mu.Lock()
	status, body, bad := do(c)
	p.w.mu.Unlock()
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

func invalid(wrong []string) *apiError {
	var fields []string
	for _, w := range wrong {
		field, _, _ := strings.Cut(w, ":")
		fields = append(fields, field)
	}
	return refuse(http.StatusBadRequest, "root.invalid_request", "The request is not valid: "+strings.Join(wrong, "; "), fields...)
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

// specPath turns a path into one of the Swagger. ECE wants a region before everything but the global resources,
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

// decode reads JSON with its numbers as they are, and nothing after it.
func decode(raw []byte) (any, error) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	return v, nil
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

// flag reads a boolean parameter that checkQuery has passed.
func (c *call) flag(name string, byDefault bool) bool {
	if !c.query.Has(name) {
		return byDefault
	}
	return c.query.Get(name) == "true"
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
