package contract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
)

// catcher is a transport that keeps a request and sends nothing.
type catcher struct{ caught *http.Request }

func (c *catcher) Perform(r *http.Request) (*http.Response, error) {
	c.caught = r
	return nil, errors.New("nothing is sent here")
}

// sent returns what go-elasticsearch sends for a call.
func sent(call esapi.Request) (*http.Request, error) {
	var c catcher
	if _, err := call.Do(context.Background(), &c); c.caught == nil {
		return nil, fmt.Errorf("%T: %w", call, err)
	}
	return c.caught, nil
}

// full is a call with all that can be said in it: what is sent for it has every query parameter that there is, each
// with an example of its value.
func full(call esapi.Request) (esapi.Request, error) {
	all := reflect.New(reflect.TypeOf(call)).Elem()
	for i := range all.NumField() {
		if err := fill(all.Field(i)); err != nil {
			return nil, fmt.Errorf("%T.%s: %w", call, all.Type().Field(i).Name, err)
		}
	}
	out, ok := reflect.TypeAssert[esapi.Request](all)
	if !ok {
		return nil, fmt.Errorf("%T is no request any more", call)
	}
	return out, nil
}

// examples of what the fields of a request can be; those of other types are left as they are.
var examples = []any{true, new(true), 1, new(1), time.Second, "x", []string{"x"}, http.Header(nil)}

func fill(field reflect.Value) error {
	if !field.CanSet() {
		return nil // the context
	}
	if field.Kind() == reflect.Interface {
		switch {
		case field.Type() == reflect.TypeFor[io.Reader](): // the body
			field.Set(reflect.ValueOf(strings.NewReader("{}")))
		case field.NumMethod() == 0: // a number or a text
			field.Set(reflect.ValueOf("x"))
		}
		return nil
	}
	for _, example := range examples {
		if v := reflect.ValueOf(example); v.Type() == field.Type() {
			field.Set(v)
			return nil
		}
	}
	return fmt.Errorf("there is no example of a %s", field.Type())
}

// shapes of a parameter's value, by an example of it. What matches none is any text.
var shapes = []*regexp.Regexp{
	regexp.MustCompile(`^(true|false)$`),
	regexp.MustCompile(`^-?\d+$`),
	regexp.MustCompile(`^\d+(nanos|micros|ms|s|m|h|d)$`), // Elasticsearch's time units
}

// checkQuery returns what the call does not know about a query.
func checkQuery(call esapi.Request, query string) error {
	all, err := full(call)
	if err != nil {
		return err
	}
	example, err := sent(all)
	if err != nil {
		return err
	}
	known := example.URL.Query()
	given, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !known.Has(name) {
			errs = append(errs, fmt.Errorf("query parameter %s is unknown to %T", name, call))
		}
		for _, shape := range shapes {
			if shape.MatchString(known.Get(name)) && !shape.MatchString(given.Get(name)) {
				errs = append(errs, fmt.Errorf("query parameter %s is %q, not like %q", name, given.Get(name), known.Get(name)))
			}
		}
	}
	return errors.Join(errs...)
}

// checkHeaders expects the headers with which go-elasticsearch sends a request, and the one by which it knows an answer
// to be Elasticsearch's.
func checkHeaders(x fault.Exchange) error {
	var errs []error
	scheme, credentials, _ := strings.Cut(x.ReqHeader.Get("Authorization"), " ")
	if !slices.Contains([]string{"Basic", "ApiKey", "Bearer"}, scheme) || credentials == "" {
		errs = append(errs, fmt.Errorf("the header Authorization has no credentials that Elasticsearch knows: %q", scheme))
	}
	if len(x.Request) > 0 && !isJSON(x.ReqHeader) {
		errs = append(errs, fmt.Errorf("a body of type %q", x.ReqHeader.Get("Content-Type")))
	}
	if x.Status == 0 || x.Fault != "" {
		return errors.Join(errs...)
	}
	if !isJSON(x.RespHeader) {
		errs = append(errs, fmt.Errorf("an answer of type %q", x.RespHeader.Get("Content-Type")))
	}
	refused := x.Status == http.StatusUnauthorized || x.Status == http.StatusForbidden // before what would add the header
	if !refused && x.RespHeader.Get("X-Elastic-Product") != "Elasticsearch" {
		errs = append(errs, errors.New("an answer without X-Elastic-Product: Elasticsearch"))
	}
	return errors.Join(errs...)
}

func isJSON(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (kind == "application/json" || kind == "application/vnd.elasticsearch+json")
}

// otherMethods are calls that are documented with two methods, of which go-elasticsearch takes the other.
var otherMethods = map[string]string{
	"POST /_security/api_key": http.MethodPut,
	"GET /[^_/][^/]*/_search": http.MethodPost,
}

// TestOurListOfCallsIsElastics: methods and paths of the list are those with which go-elasticsearch sends the calls,
// with nothing or with all that can be said in the path.
func TestOurListOfCallsIsElastics(t *testing.T) {
	for _, e := range append(slices.Clone(endpoints), identityEndpoints...) {
		all, err := full(e.call)
		must(t, err)
		asked, err := sent(all)
		must(t, err)
		if !e.matches(e.method, asked.URL.Path) { // what may be left out of the path is
			asked, err = sent(e.call)
			must(t, err)
		}
		if method := cmp.Or(otherMethods[e.method+" "+e.path], e.method); asked.Method != method || !e.matches(e.method, asked.URL.Path) {
			t.Errorf("%s %s: %T is sent as %s %s", e.method, e.path, e.call, asked.Method, asked.URL.Path)
		}
	}
}
