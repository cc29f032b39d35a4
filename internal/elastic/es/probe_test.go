package es_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
)

// The answers are those of 8.19.4, without what tells nothing.
func TestProbeSearchSaysWhyAConnectionFails(t *testing.T) {
	t.Parallel()
	const path = "/a:remote-cluster-bot-no-such-index/_search?allow_no_indices=true&ignore_unavailable=true&size=0"
	for name, tt := range map[string]struct {
		status int
		answer string
		want   elastic.Searched
	}{
		"it works": {
			200, `{"_clusters":{"total":1,"successful":1,"skipped":0,"details":{"a":{"status":"successful"}}},"hits":{"hits":[]}}`,
			elastic.Searched{Known: true, Reached: true},
		},
		"skipped": {
			200, `{"_clusters":{"total":1,"successful":0,"skipped":1,"details":{"a":{"status":"skipped","failures":[{"shard":-1,"index":null,
			"reason":{"type":"connect_transport_exception","reason":"Unable to connect to [a]"}}]}}}}`,
			elastic.Searched{Known: true, Error: "Unable to connect to [a]"},
		},
		"closed port": {
			500, `{"error":{"root_cause":[],"type":"no_seed_node_left_exception","reason":"Unable to open any proxy connections to cluster [a]",
			"suppressed":[{"type":"connect_transport_exception","reason":"[][10.0.0.1:9443] connect_exception",
			"caused_by":{"type":"uncategorized_execution_exception","reason":"Failed execution","caused_by":{"type":"execution_exception",
			"reason":"AnnotatedConnectException: Connection refused: h/10.0.0.1:9443","caused_by":{"type":"annotated_connect_exception","reason":"Connection refused: h/10.0.0.1:9443","caused_by":{"type":"connect_exception","reason":"Connection refused"}}}}}]},"status":500}`,
			elastic.Searched{
				Known: true, Error: "Unable to open any proxy connections to cluster [a]: [][10.0.0.1:9443] connect_exception: " +
					"Connection refused: h/10.0.0.1:9443",
			},
		},
		"unknown host": {
			400, `{"error":{"type":"illegal_argument_exception","reason":"unknown host [h]","caused_by":{"type":"unknown_host_exception","reason":"h"}},"status":400}`,
			elastic.Searched{Known: true, Error: "unknown host [h]"},
		},
		"invalidated key": {
			401, `{"error":{"type":"security_exception","reason":"unable to authenticate user [k]","additional_unsuccessful_credentials":
			"API key: api key [k] has been invalidated","header":{"WWW-Authenticate":["ApiKey"]}},"status":401}`,
			elastic.Searched{Known: true, Error: "unable to authenticate user [k]: API key: api key [k] has been invalidated"},
		},
		"unknown alias": {
			403, `{"error":{"type":"security_exception","reason":"unauthorized","caused_by":{"type":"no_such_remote_cluster_exception","reason":"no such remote cluster: [a]"}},"status":403}`,
			elastic.Searched{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := elastictest.Serve(t, elastictest.Exchange{Want: want("POST", path, ""), Status: tt.status, Header: product, Answer: tt.answer})
			got, err := client(t, options(t, s.URL)).ProbeSearch(t.Context(), "a")
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// What the local cluster or something before it refuses tells nothing of the connection.
func TestProbeSearchThatTheLocalClusterRefusesIsAnError(t *testing.T) {
	t.Parallel()
	const path = "/a:remote-cluster-bot-no-such-index/_search?allow_no_indices=true&ignore_unavailable=true&size=0"
	for status, answer := range map[int]string{
		401: `{"error":{"type":"security_exception","reason":"unable to authenticate user [bot] for REST request [/a:x/_search]"},"status":401}`,
		429: `{"error":{"type":"es_rejected_execution_exception","reason":"busy"},"status":429}`,
		503: `{"error":{"type":"master_not_discovered_exception","reason":"no master"},"status":503}`,
		502: `{"ok":false,"message":"Unknown resource."}`,
	} {
		s := elastictest.Serve(t, elastictest.Exchange{Want: want("POST", path, ""), Status: status, Header: product, Answer: answer})
		_, err := client(t, options(t, s.URL)).ProbeSearch(t.Context(), "a")
		if call := callError(t, err); call.Status != status || strings.Contains(call.Call, "no-such-index") {
			t.Errorf("%d: got %v", status, err)
		}
	}
}
