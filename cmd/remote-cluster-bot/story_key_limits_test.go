package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/realnodes"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// hands makes a cross-cluster key on one cluster and puts it into the keystore of another one for an alias, as a person does
// who connects by hand.
func (s *story) hands(_ *testscript.TestScript, args []string) error {
	local, alias, remote := s.Deployment(args[0]), args[1], s.Deployment(args[2])
	if local == nil || remote == nil {
		return fmt.Errorf("%s or %s is no deployment", args[0], args[2])
	}
	body, err := json.Marshal(map[string]any{"name": args[3], "access": json.RawMessage(args[4])})
	if err != nil {
		return err
	}
	var key struct {
		Encoded string `json:"encoded"`
	}
	if err := stage.AsSuperuser(s.ctx, remote, http.MethodPost, "/_security/cross_cluster/api_key", string(body), &key); err != nil {
		return err
	}
	s.made = append(s.made, key.Encoded)
	local.Cluster().PatchKeystore(map[string]*string{"cluster.remote." + alias + ".credentials": &key.Encoded})
	if real, ok := local.Cluster().(*realnodes.Cluster); ok { // else the nodes may read it while the alias is being set
		return real.Settled(s.ctx)
	}
	return stage.AsSuperuser(s.ctx, local, http.MethodPost, "/_nodes/reload_secure_settings", "{}", nil)
}

// sees looks at how many documents a search finds, and which fields they have.
func (s *story) sees(args []string) error {
	hits, err := s.Search(s.ctx, args[0], args[1])
	if err != nil {
		return err
	}
	if strconv.Itoa(len(hits)) != args[2] {
		return fmt.Errorf("the search found %d documents, want %s", len(hits), args[2])
	}
	for _, h := range hits {
		var doc map[string]any
		if err := json.Unmarshal(h.Source, &doc); err != nil {
			return err
		}
		if fields := strings.Join(slices.Sorted(maps.Keys(doc)), ","); fields != args[3] {
			return fmt.Errorf("a document has the fields %s, want %s", fields, args[3])
		}
	}
	return nil
}
