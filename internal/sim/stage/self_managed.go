package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// The clusters of the transcript of self-managed ones.
const (
	OwnPlatform = "datacentre"
	ownLocal    = "search-dc"
	ownRemote   = "archive-dc"
	ownVersion  = "8.19.4" // of those that are not real
)

// SelfManaged is a pair of clusters that people run themselves: AddOwnClusters brings them.
var SelfManaged = Pair{local: ownLocal, remote: ownRemote, search: "products-*", unread: "staff-*"}

// AddOwnClusters puts two self-managed clusters in the place of ECE and Elastic Cloud in the configuration. Their keystores
// are people's to edit. The authority of their certificates is written into dir.
func (s *Stage) AddOwnClusters(dir string) error {
	p, err := s.World.AddSelfManaged(platform.Spec{Name: OwnPlatform})
	if err != nil {
		return err
	}
	ca := filepath.Join(dir, "server-ca.pem")
	if err := os.WriteFile(ca, []byte(p.ProxyCA()), 0o600); err != nil {
		return err
	}
	var clusters strings.Builder
	for name, index := range map[string]string{ownLocal: "shop-2026", ownRemote: "products-2025"} {
		d, err := p.AddDeployment(platform.DemoDeployment(name, ownVersion, "-", sim.Password, index))
		if err != nil {
			return err
		}
		fmt.Fprintf(&clusters, "      - { name: %s, url: %q, address: \"%s:%d\", server_ca_file: %q }\n", name, d.ServiceURL(), d.Endpoint(), cluster.PortRemoteCluster, ca)
	}
	before, _, ok := bytes.Cut(config.Example, []byte("\nplatforms:"))
	_, after, ok2 := bytes.Cut(config.Example, []byte("\nwatch:"))
	if !ok || !ok2 {
		return errors.New("the example has no platforms, or nothing after them")
	}
	own := fmt.Sprintf("\nplatforms:\n  - name: %s\n    kind: self_managed\n    clusters:\n%s    credentials: [{ deployment: \"*\", username: remote-cluster-bot, "+
		"password: { env: EC_ELASTICSEARCH_PASSWORD } }]\nkeys:\n  encryption: { env: RCB_ENCRYPTION_KEY }\nwatch:", OwnPlatform, clusters.String())
	s.Text = bytes.Join([][]byte{before, []byte(own), after}, nil)
	s.Own = true
	return nil
}

// ShownKey is a key as a modal shows it, on a line of its own.
var ShownKey = regexp.MustCompile("(?m)^[ `>]*([A-Za-z0-9+/]{40,}={0,2})[ `]*$")

// handOver: the work waits; Bob is shown the key, puts it into the keystore, and says so.
func (p *Transcript) handOver(ctx context.Context) error {
	card, err := p.Card(ctx, "Show me the key")
	if err != nil {
		return fmt.Errorf("nobody was asked for help: %w", err)
	}
	p.scene("The work waits for a person: Elasticsearch has no API for its keystore")
	p.Show(p.Slack.State().Transcript([]workspace.Message{card}))
	p.scene("Bob presses Show me the key; only Bob sees it, once")
	bob := p.Slack.User("bob")
	if out, err := bob.PressConfirm(ctx, card, "Show me the key"); err != nil || out.Problem != "" {
		return fmt.Errorf("bob asking for the key: %w%s", err, out.Problem)
	}
	state, err := p.Until(ctx, Patience, ModalShows("bob", "shown once"))
	if err != nil {
		return fmt.Errorf("the key was not shown: %w", err)
	}
	view, _ := state.Modal("bob")
	text := state.RenderView(view)
	found := ShownKey.FindStringSubmatch(text)
	if found == nil {
		return errors.New("the modal shows no key")
	}
	p.Show(strings.ReplaceAll(text, found[1], "•••• (left out of this transcript)"))
	if _, err := bob.Modal().Close(ctx); err != nil {
		return err
	}
	p.scene("Bob runs elasticsearch-keystore add on " + ownLocal + ", and presses Done")
	p.Deployment(ownLocal).Cluster().PatchKeystore(map[string]*string{"cluster.remote." + ownRemote + ".credentials": &found[1]})
	if card, err = p.Card(ctx, "Done"); err != nil {
		return err
	}
	if out, err := bob.PressConfirm(ctx, card, "Done"); err != nil || out.Problem != "" {
		return fmt.Errorf("bob saying that it is done: %w%s", err, out.Problem)
	}
	return nil
}
