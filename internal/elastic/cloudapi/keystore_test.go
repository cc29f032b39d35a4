package cloudapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/elastictest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

const (
	keystore = "/api/v1/deployments/" + id + "/elasticsearch/main-elasticsearch/keystore"
	entry    = "cluster.remote.prod.credentials"
)

func listed(names ...string) string {
	var out []string
	for _, n := range names {
		out = append(out, fmt.Sprintf(`%q:{"as_file":false}`, n))
	}
	return `{"secrets":{` + strings.Join(out, ",") + `}}`
}

func TestSecretIsStoredAndReadBack(t *testing.T) {
	t.Parallel()
	patch := want("PATCH", keystore, `{"secrets":{"`+entry+`":{"value":"`+encoded+`"}}}`)
	s := elastictest.Serve(t,
		elastictest.Exchange{Want: patch, Answer: listed(entry)},
		elastictest.Exchange{Want: want("GET", keystore, ""), Answer: listed("other", entry)},
		elastictest.Exchange{Want: patch, Answer: listed(entry)},
		elastictest.Exchange{Want: want("GET", keystore, ""), Answer: listed("other")},
	)
	c := client(t, s.URL)
	if err := c.StoreSecret(t.Context(), logs, entry, secret.New(encoded)); err != nil {
		t.Error(err)
	}
	call, ok := errors.AsType[*elastic.CallError](c.StoreSecret(t.Context(), logs, entry, secret.New(encoded)))
	if !ok || call.Code != "keystore_entry_missing" || !call.Ambiguous {
		t.Errorf("an entry that does not show: got %v", call)
	}
}

func TestSecretIsRemovedByNothingNeverByAnEmptyValue(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t,
		elastictest.Exchange{Want: want("GET", keystore, ""), Answer: listed("other", entry)},
		elastictest.Exchange{Want: want("PATCH", keystore, `{"secrets":{"`+entry+`":{}}}`), Answer: listed()},
		elastictest.Exchange{Want: want("GET", keystore, ""), Answer: listed("other", entry)},
		elastictest.Exchange{Want: want("PATCH", keystore, `{"secrets":{"`+entry+`":null}}`), Answer: listed()},
		elastictest.Exchange{Want: want("GET", keystore, ""), Answer: listed("other")},
	)
	if err := client(t, s.URL).RemoveSecret(t.Context(), logs, entry); err != nil {
		t.Error(err)
	}
}

func TestAnEmptySecretIsNotStored(t *testing.T) {
	t.Parallel()
	s := elastictest.Serve(t)
	if err := client(t, s.URL).StoreSecret(t.Context(), logs, entry, secret.Secret{}); err == nil {
		t.Error("an empty secret was stored")
	}
}
