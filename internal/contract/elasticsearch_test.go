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

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ccr/followinfo"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ccr/getautofollowpattern"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ccr/pauseautofollowpattern"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ccr/pausefollow"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ccr/resumeautofollowpattern"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ccr/resumefollow"
	"github.com/elastic/go-elasticsearch/v8/typedapi/cluster/getsettings"
	"github.com/elastic/go-elasticsearch/v8/typedapi/cluster/health"
	"github.com/elastic/go-elasticsearch/v8/typedapi/cluster/putsettings"
	"github.com/elastic/go-elasticsearch/v8/typedapi/cluster/remoteinfo"
	"github.com/elastic/go-elasticsearch/v8/typedapi/core/info"
	"github.com/elastic/go-elasticsearch/v8/typedapi/core/search"
	"github.com/elastic/go-elasticsearch/v8/typedapi/indices/resolvecluster"
	licenseget "github.com/elastic/go-elasticsearch/v8/typedapi/license/get"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ml/getdatafeeds"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ml/getdatafeedstats"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ml/startdatafeed"
	"github.com/elastic/go-elasticsearch/v8/typedapi/ml/stopdatafeed"
	nodesinfo "github.com/elastic/go-elasticsearch/v8/typedapi/nodes/info"
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
	"github.com/elastic/go-elasticsearch/v8/typedapi/transform/gettransform"
	"github.com/elastic/go-elasticsearch/v8/typedapi/transform/gettransformstats"
	"github.com/elastic/go-elasticsearch/v8/typedapi/transform/starttransform"
	"github.com/elastic/go-elasticsearch/v8/typedapi/transform/stoptransform"
	"github.com/elastic/go-elasticsearch/v8/typedapi/types"
	"github.com/elastic/go-elasticsearch/v8/typedapi/watcher/querywatches"
	createcrossclusterapikey9 "github.com/elastic/go-elasticsearch/v9/typedapi/security/createcrossclusterapikey"
	getapikey9 "github.com/elastic/go-elasticsearch/v9/typedapi/security/getapikey"
	updatecrossclusterapikey9 "github.com/elastic/go-elasticsearch/v9/typedapi/security/updatecrossclusterapikey"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
)

// endpoint is a call of Elasticsearch as go-elasticsearch's typed API has it, which Elastic generates from
// Elasticsearch's specification.
type endpoint struct {
	method, path string
	call         esapi.Request
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
	{"GET", `/`, esapi.InfoRequest{}, nil, of[info.Response]()},
	{"GET", `/_cluster/settings`, esapi.ClusterGetSettingsRequest{}, nil, of[getsettings.Response]()},
	{"PUT", `/_cluster/settings`, esapi.ClusterPutSettingsRequest{}, of[putsettings.Request](), of[putsettings.Response]()},
	{"GET", `/_cluster/health`, esapi.ClusterHealthRequest{}, nil, of[health.Response]()},
	{"GET", `/_remote/info`, esapi.ClusterRemoteInfoRequest{}, nil, ofMap[remoteinfo.Response]()},
	{"GET", `/_resolve/cluster(/[^/]+)?`, esapi.IndicesResolveClusterRequest{}, nil, ofMap[resolvecluster.Response]()},
	{"GET", `/_nodes/remote_cluster_server`, esapi.NodesInfoRequest{Metric: []string{"remote_cluster_server"}}, nil, of[nodesinfo.Response]()},
	{"POST", `/_nodes/reload_secure_settings`, esapi.NodesReloadSecureSettingsRequest{}, of[reloadsecuresettings.Request](), of[reloadsecuresettings.Response]()},
	{"POST", `/_security/cross_cluster/api_key`, esapi.SecurityCreateCrossClusterAPIKeyRequest{}, of[createcrossclusterapikey.Request](), of[createcrossclusterapikey.Response]()},
	{"PUT", `/_security/cross_cluster/api_key/[^/]+`, esapi.SecurityUpdateCrossClusterAPIKeyRequest{}, of[updatecrossclusterapikey.Request](), of[updatecrossclusterapikey.Response]()},
	{"POST", `/_security/api_key`, esapi.SecurityCreateAPIKeyRequest{}, of[createapikey.Request](), of[createapikey.Response]()},
	{"GET", `/_security/api_key`, esapi.SecurityGetAPIKeyRequest{}, nil, of[getapikey.Response]()},
	{"DELETE", `/_security/api_key`, esapi.SecurityInvalidateAPIKeyRequest{}, of[invalidateapikey.Request](), of[invalidateapikey.Response]()},
	{"GET", `/_security/_authenticate`, esapi.SecurityAuthenticateRequest{}, nil, of[authenticate.Response]()},
	{"POST", `/_security/user/_has_privileges`, esapi.SecurityHasPrivilegesRequest{}, of[hasprivileges.Request](), of[hasprivileges.Response]()},
	{"GET", `/_security/role(/[^/]+)?`, esapi.SecurityGetRoleRequest{}, nil, ofMap[getrole.Response]()},
	{"PUT", `/_security/role/[^/]+`, esapi.SecurityPutRoleRequest{}, of[putrole.Request](), of[putrole.Response]()},
	{"DELETE", `/_security/role/[^/]+`, esapi.SecurityDeleteRoleRequest{}, nil, of[deleterole.Response]()},
	{"GET", `/[^/]+/_ccr/info`, esapi.CCRFollowInfoRequest{}, nil, of[followinfo.Response]()},
	{"GET", `/_ccr/auto_follow`, esapi.CCRGetAutoFollowPatternRequest{}, nil, of[getautofollowpattern.Response]()},
	{"POST", `/[^_/][^/]*/_ccr/pause_follow`, esapi.CCRPauseFollowRequest{}, nil, of[pausefollow.Response]()},
	{"POST", `/[^_/][^/]*/_ccr/resume_follow`, esapi.CCRResumeFollowRequest{}, of[resumefollow.Request](), of[resumefollow.Response]()},
	{"POST", `/_ccr/auto_follow/[^/]+/pause`, esapi.CCRPauseAutoFollowPatternRequest{}, nil, of[pauseautofollowpattern.Response]()},
	{"POST", `/_ccr/auto_follow/[^/]+/resume`, esapi.CCRResumeAutoFollowPatternRequest{}, nil, of[resumeautofollowpattern.Response]()},
	{"GET", `/_transform`, esapi.TransformGetTransformRequest{}, nil, of[gettransform.Response]()},
	{"GET", `/_transform/_all/_stats`, esapi.TransformGetTransformStatsRequest{TransformID: "_all"}, nil, of[gettransformstats.Response]()},
	{"POST", `/_transform/[^/]+/_start`, esapi.TransformStartTransformRequest{}, nil, of[starttransform.Response]()},
	{"POST", `/_transform/[^/]+/_stop`, esapi.TransformStopTransformRequest{}, nil, of[stoptransform.Response]()},
	{"GET", `/_ml/datafeeds`, esapi.MLGetDatafeedsRequest{}, nil, of[getdatafeeds.Response]()},
	{"GET", `/_ml/datafeeds/_stats`, esapi.MLGetDatafeedStatsRequest{}, nil, of[getdatafeedstats.Response]()},
	{"POST", `/_ml/datafeeds/[^/]+/_start`, esapi.MLStartDatafeedRequest{}, of[startdatafeed.Request](), of[startdatafeed.Response]()},
	{"POST", `/_ml/datafeeds/[^/]+/_stop`, esapi.MLStopDatafeedRequest{}, of[stopdatafeed.Request](), of[stopdatafeed.Response]()},
	{"POST", `/_watcher/_query/watches`, esapi.WatcherQueryWatchesRequest{}, of[querywatches.Request](), of[querywatches.Response]()},
	{"GET", `/_license`, esapi.LicenseGetRequest{}, nil, of[licenseget.Response]()},
	{"GET", `/[^_/][^/]*/_search`, esapi.SearchRequest{}, of[search.Request](), of[search.Response]()},
	{"POST", `/[^_/][^/]*/_search`, esapi.SearchRequest{}, of[search.Request](), of[search.Response]()},
}

// identityField came with 9.3: the types of version 8 do not have it, those of version 9 do. What names it is held
// against the latter.
const identityField = `"certificate_identity"`

var identityEndpoints = []endpoint{
	{"POST", `/_security/cross_cluster/api_key`, esapi.SecurityCreateCrossClusterAPIKeyRequest{}, of[createcrossclusterapikey9.Request](), of[createcrossclusterapikey9.Response]()},
	{"PUT", `/_security/cross_cluster/api_key/[^/]+`, esapi.SecurityUpdateCrossClusterAPIKeyRequest{}, of[updatecrossclusterapikey9.Request](), of[updatecrossclusterapikey9.Response]()},
	{"GET", `/_security/api_key`, esapi.SecurityGetAPIKeyRequest{}, nil, of[getapikey9.Response]()},
}

func (e endpoint) matches(method, path string) bool {
	return e.method == method && regexp.MustCompile("^"+e.path+"$").MatchString(path)
}

// endpointOf returns the call that an exchange makes; false if none is known.
func endpointOf(x fault.Exchange) (endpoint, bool) {
	all := endpoints
	if bytes.Contains(x.Request, []byte(identityField)) || bytes.Contains(x.Answer, []byte(identityField)) {
		all = identityEndpoints
	}
	i := slices.IndexFunc(all, func(e endpoint) bool { return e.matches(x.Method, x.Path) })
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
	errs := []error{checkQuery(e.call, x.Query), checkHeaders(x)}
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
	case x.Status == http.StatusBadRequest && bytes.HasPrefix(x.Answer, []byte(`{"error":"`)):
		answer = new(unhandled)
	case x.Status >= http.StatusBadRequest:
		answer = new(types.ElasticsearchError)
	}
	if err := same(x.Answer, answer); err != nil {
		errs = append(errs, fmt.Errorf("the answer: %w", err))
	}
	return errors.Join(errs...)
}

// unhandled is the answer to a path that a version does not have: a text where other errors are objects. The typed API
// reads the text as a reason, and so would write an object; a real cluster says it so (the step "license" of
// TestRealElasticsearch).
type unhandled struct {
	Error  string `json:"error"`
	Status int    `json:"status,omitempty"` // with 405 alone
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
	return errors.Join(compare("", was, is, reflect.ValueOf(into))...)
}

// newer are fields that each node of 9.5.3 answers when it has read its keystore, measured there, and that version 8 of the
// typed API does not know.
var newer = regexp.MustCompile(`^\.nodes\.[^.]+\.(keystore_digest|keystore_last_modified_time|keystore_path|secure_setting_names)$`)

// shortTerm is a query's field that may be written as its value alone, which the typed API writes out ({"value": …}).
var shortTerm = regexp.MustCompile(`\.query\.term\.`)

func short(at string, was, is any) bool {
	long, ok := is.(map[string]any)
	return ok && shortTerm.MatchString(at) && len(long) == 1 && reflect.DeepEqual(long["value"], was)
}

// compare tells where JSON differs from what became of it, and is still there in read, a value of the typed API.
func compare(at string, was, is any, read reflect.Value) []error {
	switch was := was.(type) {
	case map[string]any:
		is, ok := is.(map[string]any)
		if !ok {
			break
		}
		var errs []error
		for _, name := range slices.Sorted(maps.Keys(was)) {
			if in, known := is[name]; known {
				there, _ := member(read, name)
				errs = append(errs, compare(at+"."+name, was[name], in, there)...)
			} else if newer.MatchString(at + "." + name) {
				continue
			} else if _, declared := member(read, name); !declared || !empty(was[name]) { // the types leave out what is empty
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
			errs = append(errs, compare(fmt.Sprintf("%s[%d]", at, i), was[i], is[i], element(read, i))...)
		}
		return errs
	}
	if !reflect.DeepEqual(was, is) && !short(at, was, is) {
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

// member is what a value of the typed API has under a name of JSON; false if its type declares no such name.
func member(of reflect.Value, name string) (reflect.Value, bool) {
	of = settled(of)
	switch of.Kind() {
	case reflect.Map:
		return of.MapIndex(reflect.ValueOf(name).Convert(of.Type().Key())), true
	case reflect.Struct:
		for i := range of.NumField() {
			if tag, _, _ := strings.Cut(of.Type().Field(i).Tag.Get("json"), ","); tag == name {
				return of.Field(i), true
			}
		}
	}
	return reflect.Value{}, false
}

// element is the i-th of a list of the typed API; nothing if it is no list.
func element(of reflect.Value, i int) reflect.Value {
	if of = settled(of); of.Kind() != reflect.Slice || i >= of.Len() {
		return reflect.Value{}
	}
	return of.Index(i)
}

// settled is what a pointer points to, or what an interface holds.
func settled(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}
