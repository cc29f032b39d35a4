package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// deploys adds a deployment with one index to a platform.
func (s *story) deploys(_ *testscript.TestScript, args []string) error {
	on := s.World.Platform(args[0])
	if on == nil {
		return fmt.Errorf("there is no platform %s", args[0])
	}
	d, err := on.AddDeployment(platform.DemoDeployment(args[1], args[2], args[3], sim.Password, args[4]))
	if err != nil || on.Kind() != platform.KindSelfManaged {
		return err
	}
	return s.names(on, d)
}

// uploads puts a deployment's certificate authority on the nodes of another one, as a bundle does.
func (s *story) uploads(_ *testscript.TestScript, args []string) error {
	to, of := s.Deployment(args[0]), s.Deployment(args[2])
	if to == nil || of == nil {
		return fmt.Errorf("%s or %s is no deployment", args[0], args[2])
	}
	to.Cluster().PutAuthority(args[1], of.Cluster().CA())
	return nil
}

const authoritiesSetting = "cluster.remote.signing.certificate_authorities"

// believes looks at the authorities by which a cluster believes signatures.
func (s *story) believes(args []string) error {
	d, err := s.state(args[0])
	if err != nil {
		return err
	}
	files, _ := d.Cluster.Settings["persistent"][authoritiesSetting].([]string)
	if !slices.Equal(files, args[1:]) {
		return fmt.Errorf("%s believes %q, want %q", args[0], files, args[1:])
	}
	return nil
}

// demands looks whether every valid key of a cluster takes the certificates of one local cluster alone.
func (s *story) demands(args []string) error {
	remote, err := s.state(args[0])
	if err != nil {
		return err
	}
	var want string
	if platform, ok := strings.CutPrefix(args[1], "organization:"); ok {
		want = `CN=.*\.node\..*\.cluster\.` + s.World.Platform(platform).Scope()
	} else {
		local, err := s.state(args[1])
		if err != nil {
			return err
		}
		want = `CN=.*\.node\.` + local.Cluster.ID + `\.cluster\..*`
	}
	valid := 0
	for _, k := range remote.Cluster.Keys {
		if !k.Valid {
			continue
		}
		valid++
		if k.Identity != want {
			return fmt.Errorf("the key %s demands %q, want %q", k.Name, k.Identity, want)
		}
	}
	if valid == 0 {
		return fmt.Errorf("%s has no valid key", args[0])
	}
	return nil
}

// signs looks whether a cluster signs what it sends to an alias.
func (s *story) signs(args []string) error {
	d, err := s.state(args[0])
	if err != nil {
		return err
	}
	var set []string
	for name, value := range d.Cluster.Settings["persistent"] {
		if option, ok := strings.CutPrefix(name, "cluster.remote."+args[1]+".signing."); ok {
			set = append(set, fmt.Sprintf("%s=%v", option, value))
		}
	}
	slices.Sort(set)
	if !slices.Equal(set, []string{"certificate=node.crt", "key=node.key"}) {
		return fmt.Errorf("%s signs %s with %q", args[0], args[1], set)
	}
	return nil
}
