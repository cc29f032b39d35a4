package playground

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// The parts of the commands that the bot gives to people who edit keystores by hand.
var (
	entryShown   = regexp.MustCompile(`elasticsearch-keystore show (cluster\.remote\.[a-z0-9_-]+\.credentials)\)`)
	entryAdded   = regexp.MustCompile(`elasticsearch-keystore add --force (?:--stdin )?(cluster\.remote\.[a-z0-9_-]+\.credentials)`)
	entryRemoved = regexp.MustCompile(`elasticsearch-keystore remove (cluster\.remote\.[a-z0-9_-]+\.credentials)`)
)

// shells are the shells on the nodes of self-managed clusters. They remember what was typed: a command may copy it.
type shells struct {
	mu    sync.Mutex
	typed map[string]string // by cluster and entry
}

// edits are what a command does to the keystore of a cluster, given what is typed where it asks for a key.
func (s *shells) edits(cluster, command, key string) (map[string]*string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edits := map[string]*string{}
	if add := entryAdded.FindStringSubmatch(command); add != nil {
		if from := entryShown.FindStringSubmatch(command); from != nil {
			key = s.typed[cluster+" "+from[1]]
		}
		if key == "" {
			return nil, errors.New("there is no key: copy the one that Show me the key shows")
		}
		edits[add[1]], s.typed[cluster+" "+add[1]] = &key, key
	}
	if remove := entryRemoved.FindStringSubmatch(command); remove != nil {
		edits[remove[1]] = nil
	}
	if len(edits) == 0 {
		return nil, errors.New("paste the command as the bot shows it: bin/elasticsearch-keystore add or remove, and the entry of a remote cluster")
	}
	return edits, nil
}

// byHand are the clusters whose keystores people edit.
func (p *Playground) byHand() []string {
	names := []string{}
	for _, on := range p.o.Scene.World.Platforms() {
		if on.Kind() != platform.KindSelfManaged {
			continue
		}
		for _, d := range on.Deployments() {
			names = append(names, d.Name())
		}
	}
	return names
}

// keystore runs a command on each node of a self-managed cluster, as its owners would.
func (p *Playground) keystore(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Deployment string `json:"deployment"`
		Command    string `json:"command"`
		Key        string `json:"key"`
	}
	if !p.read(w, r, &in) {
		return
	}
	err := fmt.Errorf("%s has no nodes that people have a shell on", in.Deployment)
	if slices.Contains(p.byHand(), in.Deployment) {
		var edits map[string]*string
		if edits, err = p.shells.edits(in.Deployment, in.Command, in.Key); err == nil {
			p.o.Scene.Deployment(in.Deployment).Cluster().PatchKeystore(edits)
		}
	}
	p.answer(w, struct {
		Error string `json:"error,omitempty"`
	}{text(err)})
}
