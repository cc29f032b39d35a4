package es_test

import (
	"errors"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/es"
)

// A node that starts refuses credentials for a moment. Only those that were accepted shortly before are worth another try.
func TestCredentialsThatWereAccepted(t *testing.T) {
	t.Parallel()
	const remote = `unable to authenticate user [key] for action [indices:data/read/search]`
	for name, tt := range map[string]struct {
		before bool          // they were accepted
		passes time.Duration // since
		status int
		reason string
		want   bool
	}{
		"shortly before":             {true, time.Minute, 401, "unable to authenticate user [bot] for REST request [/_remote/info]", true},
		"a key":                      {true, 0, 401, "unable to authenticate with provided credentials and anonymous access is not allowed for this request", true},
		"never":                      {false, 0, 401, "unable to authenticate user [bot] for REST request [/_remote/info]", false},
		"long ago":                   {true, time.Hour, 401, "unable to authenticate user [bot] for REST request [/_remote/info]", false},
		"not allowed":                {true, 0, 403, "action [cluster:monitor/remote/info] is unauthorized for this request", false},
		"what a remote cluster says": {true, 0, 401, remote, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info := want("GET", "/_remote/info", "")
			refusal := elastictest.Exchange{
				Want: info, Status: tt.status, Header: product,
				Answer: `{"error":{"type":"security_exception","reason":"` + tt.reason + `"}}`,
			}
			all := []elastictest.Exchange{exchange("GET", "/_remote/info", "", `{}`), refusal}
			if !tt.before {
				all = all[1:]
			}
			s := elastictest.Serve(t, all...)
			o, clock := options(t, s.URL), now
			o.Now, o.Accepted = func() time.Time { return clock }, &es.Accepted{}
			if tt.before {
				if _, err := client(t, o).RemoteInfo(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			clock = clock.Add(tt.passes)
			_, err := client(t, o).RemoteInfo(t.Context()) // another client of the same cluster
			call, ok := errors.AsType[*elastic.CallError](err)
			if !ok || call.Status != tt.status || call.Temporary() != tt.want {
				t.Errorf("got %v, temporary: %v", err, ok && call.Temporary())
			}
		})
	}
}
