package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
)

// swagger is the official description of one of the two platforms, read strictly: a property that a schema does not
// declare is an error, though Swagger by itself would let it pass.
type swagger struct {
	router routers.Router
	region string // what the platform's own paths are prefixed with; empty for none
}

// The descriptions travel in the module of Elastic's SDK.
var (
	readECE   = sync.OnceValues(func() (*swagger, error) { return readSwagger("apidocs.json", "regions/ece-region/", loosened) })
	readCloud = sync.OnceValues(func() (*swagger, error) { return readSwagger("apidocs-user.json", "", loosened) })
)

// loosened: a schema that declares an object without properties stands for any JSON. A keystore's value is described so,
// and is a text; a search's sort is, and Elastic's own ecctl sends ["id"].
const loosened = true

// swaggers are the descriptions by the names that the scene and the stories give to their platforms.
func swaggers(t *testing.T) map[string]*swagger {
	t.Helper()
	ece, err := readECE()
	if err != nil {
		t.Fatal(err)
	}
	cloud, err := readCloud()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*swagger{"ece-prod": ece, "ece-lab": ece, "elastic-cloud": cloud, "other-cloud": cloud}
}

func readSwagger(name, region string, loosened bool) (*swagger, error) {
	dir, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/elastic/cloud-sdk-go").Output()
	if err != nil {
		return nil, fmt.Errorf("finding the SDK's module: %w", err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "api", name))
	if err != nil {
		return nil, err
	}
	var v2 openapi2.T
	if err := json.Unmarshal(raw, &v2); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	v2.Host = "platform.example" // a template in ECE's file
	doc, err := openapi2conv.ToV3(&v2)
	if err != nil {
		return nil, fmt.Errorf("converting %s: %w", name, err)
	}
	doc.Servers = openapi3.Servers{{URL: v2.BasePath}}
	for _, s := range doc.Components.Schemas {
		closeSchema(s, loosened)
	}
	const rest = "{proxy_path}" // stands for a whole path, which a template of OpenAPI can't say
	for path, item := range doc.Paths.Map() {
		if strings.HasSuffix(path, rest) {
			doc.Paths.Delete(path)
			doc.Paths.Set(strings.TrimSuffix(path, rest)+"{proxy_path:.*}", item)
		}
	}
	router, err := gorillamux.NewRouter(doc)
	return &swagger{router: router, region: region}, err
}

// closeSchema allows an object no other properties than those it declares.
func closeSchema(ref *openapi3.SchemaRef, loosened bool) {
	if ref == nil || ref.Value == nil || ref.Ref != "" {
		return
	}
	s := ref.Value
	if loosened && s.Type.Is("object") && len(s.Properties) == 0 && s.AdditionalProperties.Schema == nil && s.AdditionalProperties.Has == nil {
		s.Type = nil
	}
	if len(s.Properties) > 0 && s.AdditionalProperties.Schema == nil && s.AdditionalProperties.Has == nil {
		s.AdditionalProperties = openapi3.AdditionalProperties{Has: new(false)}
	}
	for _, p := range s.Properties {
		closeSchema(p, loosened)
	}
	closeSchema(s.Items, loosened)
	closeSchema(s.AdditionalProperties.Schema, loosened)
}

// isProxied tells whether a call goes through ECE to Elasticsearch: its query and bodies are Elasticsearch's then.
func isProxied(path string) bool { return strings.Contains(path, "/proxy/") }

// find returns the described operation of an exchange and its request.
func (s *swagger) find(x fault.Exchange) (*http.Request, *routers.Route, map[string]string, error) {
	path := x.Path
	// Not in the Swagger: all but the global resources of an ECE carry its region (the SDK's client_runtime.go).
	if s.region != "" {
		path = strings.Replace(path, "/api/v1/"+s.region, "/api/v1/", 1)
	}
	req, err := http.NewRequestWithContext(context.Background(), x.Method, "http://platform.example"+path+"?"+x.Query, bytes.NewReader(x.Request))
	if err != nil {
		return nil, nil, nil, err
	}
	req.Header = x.ReqHeader.Clone()
	route, vars, err := s.router.FindRoute(req)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s %s: %w", x.Method, x.Path, err)
	}
	return req, route, vars, nil
}

// checkRequest returns what the description does not know about a request, or misses in it.
func (s *swagger) checkRequest(x fault.Exchange) error {
	req, route, vars, err := s.find(x)
	if err != nil {
		return err
	}
	errs := []error{s.checkAuth(x)}
	declared := append(slices.Clone(route.Operation.Parameters), route.PathItem.Parameters...)
	if !isProxied(x.Path) {
		for name := range req.URL.Query() {
			if declared.GetByInAndName("query", name) == nil {
				errs = append(errs, fmt.Errorf("query parameter %s is not described", name))
			}
		}
	}
	if len(x.Request) > 0 && route.Operation.RequestBody == nil {
		errs = append(errs, errors.New("a body is not described"))
	}
	errs = append(errs, openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: vars, Route: route,
		Options: &openapi3filter.Options{
			MultiError: true, ExcludeRequestBody: isProxied(x.Path), AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
			SkipSettingDefaults: true,
		},
	}))
	return errors.Join(errs...)
}

// checkAuth expects what both files call "apiKey" in their securityDefinitions.
func (s *swagger) checkAuth(x fault.Exchange) error {
	if scheme, key, _ := strings.Cut(x.ReqHeader.Get("Authorization"), " "); scheme != "ApiKey" || key == "" {
		return errors.New("the header Authorization: ApiKey … is missing")
	}
	return nil
}

// undeclared are statuses that the files declare for hardly any operation, and that every one can answer
// (the SDK's apierror package expects them everywhere).
var undeclared = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}

// checkAnswer returns what the description does not know about an answer, or misses in it. A status that a fault
// ordered is let pass: it is there because nobody described it.
func (s *swagger) checkAnswer(x fault.Exchange) error {
	if x.Status == 0 || x.Fault != "" {
		return nil // no answer was given, or it is the story's own
	}
	_, route, _, err := s.find(x)
	if err != nil {
		return err
	}
	if isProxied(x.Path) && x.RespHeader.Get("X-Cloud-Error-Codes") == "" {
		return nil // Elasticsearch's
	}
	var v any
	if err := json.Unmarshal(x.Answer, &v); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	declared := route.Operation.Responses.Status(x.Status)
	if declared == nil {
		if slices.Contains(undeclared, x.Status) {
			return s.checkRefusal(v)
		}
		return fmt.Errorf("status %d is not described", x.Status)
	}
	content := declared.Value.Content.Get("application/json")
	if content == nil {
		return fmt.Errorf("an answer to status %d is not described", x.Status)
	}
	err = content.Schema.Value.VisitJSON(v, openapi3.MultiErrors())
	return errors.Join(err, checkErrorCode(declared.Value, x))
}

// checkErrorCode expects a code that the description lists for this status, if it lists any.
func checkErrorCode(declared *openapi3.Response, x fault.Exchange) error {
	header, ok := declared.Headers["x-cloud-error-codes"]
	if !ok || header.Value.Schema == nil || len(header.Value.Schema.Value.Enum) == 0 {
		return nil
	}
	code := x.RespHeader.Get("X-Cloud-Error-Codes")
	if !slices.Contains(header.Value.Schema.Value.Enum, any(code)) {
		return fmt.Errorf("error code %q is not among %v for status %s", code, header.Value.Schema.Value.Enum, strconv.Itoa(x.Status))
	}
	return nil
}

// checkRefusal expects BasicFailedReply.
func (s *swagger) checkRefusal(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var reply struct {
		Errors []struct {
			Code    string   `json:"code"`
			Message string   `json:"message"`
			Fields  []string `json:"fields"`
		} `json:"errors"`
	}
	if err := dec.Decode(&reply); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(reply.Errors) == 0 || reply.Errors[0].Code == "" {
		return errors.New("a refusal without a code")
	}
	return nil
}
