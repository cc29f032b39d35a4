package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// clustersOf is the line of the configuration below which the clusters of a platform are named.
func clustersOf(platform string) string { return "    clusters: # " + platform + "\n" }

// names puts a self-managed cluster into the configuration: from 9.3 on with what its nodes sign with.
func (s *story) names(on *platform.Platform, d *platform.Deployment) error {
	dir := s.stories.TempDir()
	ca, signingCA := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "signing.pem")
	if err := errors.Join(os.WriteFile(ca, []byte(on.ProxyCA()), 0o600), os.WriteFile(signingCA, []byte(d.Cluster().CA()), 0o600)); err != nil {
		return err
	}
	signing := ""
	if d.Cluster().Version().Has(rest.Signing) {
		signing = fmt.Sprintf(`, signing: { certificate: node.crt, key: node.key, identity: 'CN=.*\.node\.%s\.cluster\..*', authority_file: %q }`, d.Cluster().ID(), signingCA)
	}
	entry := fmt.Sprintf("      - { name: %s, url: %q, address: %q, server_ca_file: %q%s }\n",
		d.Name(), d.ServiceURL(), fmt.Sprintf("%s:%d", d.Endpoint(), cluster.PortRemoteCluster), ca, signing)
	above := []byte(clustersOf(on.Name()))
	s.Text = bytes.Replace(s.Text, above, append(bytes.Clone(above), entry...), 1)
	return nil
}

// hooks gives the bot a hook for the keystores of self-managed clusters.
func (s *story) hooks(_ *testscript.TestScript, args []string) error {
	p := s.World.Platform(args[0])
	if p == nil {
		return fmt.Errorf("there is no platform %s", args[0])
	}
	url, err := p.KeystoreHook(stage.HookKey)
	above := []byte(clustersOf(p.Name()))
	hook := fmt.Sprintf("    keystore_hook: { url: %q, secret: { env: KEYSTORE_HOOK_SECRET }, timeout: 10s }\n", url)
	s.Text = bytes.Replace(s.Text, above, append([]byte(hook), above...), 1)
	return err
}

// probeShown is the entry of a new key that is tried.
var probeShown = regexp.MustCompile(`cluster\.remote\.[a-z0-9_-]+-rcb-probe\.credentials`)

// credentials is the deployment of a name, and its entry for an alias; for a pattern the one by which a new key is tried.
func (s *story) credentials(name, alias string) (*platform.Deployment, string, error) {
	d := s.Deployment(name)
	if d == nil {
		return nil, "", fmt.Errorf("there is no deployment %s", name)
	}
	if strings.Contains(alias, "*") {
		return d, s.probe, nil
	}
	return d, "cluster.remote." + alias + ".credentials", nil
}

// puts is what a person does with the key that is in front of them: as it is, with a slip of the finger, or on the first
// of two nodes only.
func (s *story) puts(_ *testscript.TestScript, args []string) error {
	if _, err := s.modalOf(args[0]); err != nil {
		return err
	}
	text, _ := s.modalText(s.Slack.State(), args)
	s.probe = probeShown.FindString(text)
	d, entry, err := s.credentials(args[1], args[2])
	if err != nil {
		return err
	}
	found := stage.ShownKey.FindStringSubmatch(text)
	if found == nil {
		return fmt.Errorf("the modal shows no key:\n%s", text)
	}
	s.inHand = found[1]
	value := s.inHand
	switch how := append(args, "")[3]; how {
	case "wrong":
		value = base64.StdEncoding.EncodeToString([]byte("VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw"))
	case "once":
		d.Cluster().SetBehind(entry)
	case "":
		d.Cluster().SetBehind("")
	}
	d.Cluster().PatchKeystore(map[string]*string{entry: &value})
	return nil
}

func (s *story) copies(_ *testscript.TestScript, args []string) error {
	d, entry, err := s.credentials(args[0], args[1])
	if err != nil {
		return err
	}
	d.Cluster().PatchKeystore(map[string]*string{entry: &s.inHand, s.probe: nil})
	return nil
}

func (s *story) empties(_ *testscript.TestScript, args []string) error {
	d, entry, err := s.credentials(args[0], args[1])
	if err == nil {
		d.Cluster().PatchKeystore(map[string]*string{entry: nil})
	}
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
