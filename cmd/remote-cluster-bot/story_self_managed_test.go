package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// clustersOf is the line of the configuration below which the clusters of a platform are named.
func clustersOf(platform string) string { return "    clusters: # " + platform + "\n" }

// names puts a self-managed cluster into the configuration.
func (s *story) names(on *platform.Platform, d *platform.Deployment) error {
	ca := filepath.Join(s.stories.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte(on.ProxyCA()), 0o600); err != nil {
		return err
	}
	entry := fmt.Sprintf("      - { name: %s, url: %q, address: %q, server_ca_file: %q }\n",
		d.Name(), d.ServiceURL(), fmt.Sprintf("%s:%d", d.Endpoint(), cluster.PortRemoteCluster), ca)
	above := []byte(clustersOf(on.Name()))
	s.text = bytes.Replace(s.text, above, append(bytes.Clone(above), entry...), 1)
	return nil
}

// hooks gives the bot a hook for the keystores of self-managed clusters.
func (s *story) hooks(_ *testscript.TestScript, args []string) error {
	p := s.World.Platform(args[0])
	if p == nil {
		return fmt.Errorf("there is no platform %s", args[0])
	}
	url, err := p.KeystoreHook(hookKey)
	above := []byte(clustersOf(p.Name()))
	hook := fmt.Sprintf("    keystore_hook: { url: %q, secret: { env: KEYSTORE_HOOK_SECRET }, timeout: 10s }\n", url)
	s.text = bytes.Replace(s.text, above, append([]byte(hook), above...), 1)
	return err
}

// serves opens or closes the port of a cluster for API keys.
func (s *story) serves(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil || args[1] != "keys" && args[1] != "nobody" {
		return fmt.Errorf("there is no deployment %s, or it can't serve %s", args[0], args[1])
	}
	d.Cluster().SetKeyServer(args[1] == "keys")
	return nil
}
