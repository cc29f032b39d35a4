package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/typedapi/ccr/followinfo"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ccr/getautofollowpattern"
	"github.com/elastic/go-elasticsearch/v8/typedapi/cluster/getsettings"
	"github.com/elastic/go-elasticsearch/v8/typedapi/cluster/health"
	"github.com/elastic/go-elasticsearch/v8/typedapi/cluster/putsettings"
	"github.com/elastic/go-elasticsearch/v8/typedapi/cluster/remoteinfo"
	"github.com/elastic/go-elasticsearch/v8/typedapi/core/info"
	"github.com/elastic/go-elasticsearch/v8/typedapi/core/search"
	"github.com/elastic/go-elasticsearch/v8/typedapi/indices/resolvecluster"
	licenseget "github.com/elastic/go-elasticsearch/v8/typedapi/license/get"
	"github.com/elastic/go-elasticsearch/v8/typedapi/nodes/reloadsecuresettings"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/authenticate"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/createapikey"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/createcrossclusterapikey"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/deleterole"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/getapikey"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/getrole"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/hasprivileges"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/invalidateapikey"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/putrole"
	"github.com/elastic/go-elasticsearch/v8/typedapi/security/updatecrossclusterapikey"
	"github.com/elastic/go-elasticsearch/v8/typedapi/types"
	createcrossclusterapikey9 "github.com/elastic/go-elasticsearch/v9/typedapi/security/createcrossclusterapikey"
	getapikey9 "github.com/elastic/go-elasticsearch/v9/typedapi/security/getapikey"
	updatecrossclusterapikey9 "github.com/elastic/go-elasticsearch/v9/typedapi/security/updatecrossclusterapikey"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
)

// endpoint is a call of Elasticsearch as go-elasticsearch's typed API has it, which Elastic generates from
// Elasticsearch's specification.
type endpoint struct {
	method, path string
	request      func() any // nil: without a body
	answer       func() any
}

func of[T any]() func() any { return func() any { return new(T) } }

// Maps must be there before they are decoded into.
func ofMap[T ~map[string]V, V any]() func() any {
	return func() any {
		m := T(map[string]V{})
		return &m
	}
}

var endpoints = []endpoint{
	{"GET", `/`, nil, of[info.Response]()},
	{"GET", `/_cluster/settings`, nil, of[getsettings.Response]()},
	{"PUT", `/_cluster/settings`, of[putsettings.Request](), of[putsettings.Response]()},
	{"GET", `/_cluster/health`, nil, of[health.Response]()},
	{"GET", `/_remote/info`, nil, ofMap[remoteinfo.Response]()},
	{"GET", `/_resolve/cluster(/[^/]+)?`, nil, ofMap[resolvecluster.Response]()},
	{"POST", `/_nodes/reload_secure_settings`, of[reloadsecuresettings.Request](), of[reloadsecuresettings.Response]()},
	{"POST", `/_security/cross_cluster/api_key`, of[createcrossclusterapikey.Request](), of[createcrossclusterapikey.Response]()},
	{"PUT", `/_security/cross_cluster/api_key/[^/]+`, of[updatecrossclusterapikey.Request](), of[updatecrossclusterapikey.Response]()},
	{"POST", `/_security/api_key`, of[createapikey.Request](), of[createapikey.Response]()},
	{"GET", `/_security/api_key`, nil, of[getapikey.Response]()},
	{"DELETE", `/_security/api_key`, of[invalidateapikey.Request](), of[invalidateapikey.Response]()},
	{"GET", `/_security/_authenticate`, nil, of[authenticate.Response]()},
	{"POST", `/_security/user/_has_privileges`, of[hasprivileges.Request](), of[hasprivileges.Response]()},
	{"GET", `/_security/role(/[^/]+)?`, nil, ofMap[getrole.Response]()},
	{"PUT", `/_security/role/[^/]+`, of[putrole.Request](), of[putrole.Response]()},
	{"DELETE", `/_security/role/[^/]+`, nil, of[deleterole.Response]()},
	{"GET", `/[^/]+/_ccr/info`, nil, of[followinfo.Response]()},
	{"GET", `/_ccr/auto_follow`, nil, of[getautofollowpattern.Response]()},
	{"GET", `/_license`, nil, of[licenseget.Response]()},
	{"GET", `/[^_/][^/]*/_search`, of[search.Request](), of[search.Response]()},
	{"POST", `/[^_/][^/]*/_search`, of[search.Request](), of[search.Response]()},
}

// identityField came with 9.3: the types of version 8 do not have it, those of version 9 do. What names it is held
// against the latter.
const identityField = `"certificate_identity"`

var identityEndpoints = []endpoint{
	{"POST", `/_security/cross_cluster/api_key`, of[createcrossclusterapikey9.Request](), of[createcrossclusterapikey9.Response]()},
	{"PUT", `/_security/cross_cluster/api_key/[^/]+`, of[updatecrossclusterapikey9.Request](), of[updatecrossclusterapikey9.Response]()},
	{"GET", `/_security/api_key`, nil, of[getapikey9.Response]()},
}

// endpointOf returns the call that an exchange makes; false if none is known.
func endpointOf(x fault.Exchange) (endpoint, bool) {
	all := endpoints
	if bytes.Contains(x.Request, []byte(identityField)) || bytes.Contains(x.Answer, []byte(identityField)) {
		all = identityEndpoints
	}
	i := slices.IndexFunc(all, func(e endpoint) bool {
		return e.method == x.Method && regexp.MustCompile("^"+e.path+"$").MatchString(x.Path)
	})
	if i < 0 {
		return endpoint{}, false
	}
	return all[i], true
}

// elasticsearch returns what Elasticsearch's specification does not know about an exchange, or misses in it.
func elasticsearch(x fault.Exchange) error {
	e, ok := endpointOf(x)
	if !ok {
		return fmt.Errorf("%s %s is not among the typed API's calls that we know", x.Method, x.Path)
	}
	var errs []error
	if len(x.Request) > 0 {
		if e.request == nil {
			errs = append(errs, errors.New("a body is not described"))
		} else if err := same(x.Request, e.request()); err != nil {
			errs = append(errs, fmt.Errorf("the request: %w", err))
		}
	}
	if x.Status == 0 || x.Fault != "" {
		return errors.Join(errs...)
	}
	answer := e.answer()
	switch {
	case x.Status == http.StatusNotFound && strings.TrimSpace(string(x.Answer)) == "{}":
		return errors.Join(errs...) // GET role, as documented: the names that exist, of which there are none
	case x.Status == http.StatusNotFound && e.method == http.MethodDelete:
		// DELETE role: {"found": false}, as documented.
	case x.Status >= http.StatusBadRequest:
		answer = new(types.ElasticsearchError)
	}
	if err := same(x.Answer, answer); err != nil {
		errs = append(errs, fmt.Errorf("the answer: %w", err))
	}
	return errors.Join(errs...)
}

// same decodes JSON into one of the typed API's types and encodes it again: what is gone is unknown to the type, what
// has come is required and was missing.
func same(raw []byte, into any) error {
	var was, is any
	if err := json.Unmarshal(raw, &was); err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("decoding into %T: %w", into, err)
	}
	again, err := json.Marshal(into)
	if err != nil {
		return fmt.Errorf("encoding %T: %w", into, err)
	}
	if err := json.Unmarshal(again, &is); err != nil {
		return err
	}
	return errors.Join(compare("", was, is)...)
}

func compare(at string, was, is any) []error {
	switch was := was.(type) {
	case map[string]any:
		is, ok := is.(map[string]any)
		if !ok {
			break
		}
		var errs []error
		for _, name := range slices.Sorted(maps.Keys(was)) {
			if in, known := is[name]; known {
				errs = append(errs, compare(at+"."+name, was[name], in)...)
			} else if !empty(was[name]) { // the types leave out what is empty
				errs = append(errs, fmt.Errorf("%s is unknown", at+"."+name))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(is)) {
			if _, had := was[name]; !had {
				errs = append(errs, fmt.Errorf("%s is missing", at+"."+name))
			}
		}
		return errs
	case []any:
		is, ok := is.([]any)
		if !ok || len(is) != len(was) {
			break
		}
		var errs []error
		for i := range was {
			errs = append(errs, compare(fmt.Sprintf("%s[%d]", at, i), was[i], is[i])...)
		}
		return errs
	}
	if !reflect.DeepEqual(was, is) {
		return []error{fmt.Errorf("%s is %v, read as %v", at, was, is)}
	}
	return nil
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
