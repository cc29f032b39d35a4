package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
)

// effective compares skip_unavailable as nodes tell it of a connection, which is not always as it is set.
func (s *story) effective(args []string) error {
	d, err := s.state(args[0])
	if err != nil {
		return err
	}
	info, ok := d.Cluster.RemoteInfo[args[1]].(map[string]any)
	if !ok || fmt.Sprint(info["skip_unavailable"]) != args[2] {
		return fmt.Errorf("%s says of %s: %v", args[0], args[1], d.Cluster.RemoteInfo[args[1]])
	}
	return nil
}

// pair are two deployments by name.
func (s *story) pair(names []string) (a, b *platform.Deployment, err error) {
	if a, b = s.Deployment(names[0]), s.Deployment(names[1]); a == nil || b == nil {
		err = fmt.Errorf("there is no deployment %s or %s", names[0], names[1])
	}
	return a, b, err
}

// misnames gives the trust of one deployment in another a wrong id, or the right one again.
func (s *story) misnames(_ *testscript.TestScript, args []string) error {
	a, b, err := s.pair(args)
	if err != nil {
		return err
	}
	right := b.Cluster().ID()
	reversed := []byte(right)
	slices.Reverse(reversed)
	from, to := right, string(reversed)
	if len(args) == 3 {
		from, to = to, from
	}
	return a.RenameTrusted(from, to)
}

func (s *story) distrusts(_ *testscript.TestScript, args []string) error {
	a, b, err := s.pair(args)
	if err != nil {
		return err
	}
	return a.RenameTrusted(b.Cluster().ID(), "")
}

func (s *story) lapses(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	d.Cluster().SetLapsed(len(args) == 1)
	return nil
}

// parts has a connection made anew, as often as it takes until it can't be: nodes read changed certificates when they
// look. What 8.x then resets is set again, so that a search fails and tells why.
func (s *story) parts(ts *testscript.TestScript, args []string) error {
	sockets := 2
	return s.eventually(func() error {
		sockets = 5 - sockets
		for _, setting := range []string{fmt.Sprintf(`"proxy_socket_connections":%d`, sockets), `"skip_unavailable":true`, `"skip_unavailable":false`} {
			if err := s.sets(ts, []string{args[0], `{"persistent":{"cluster.remote.` + args[1] + `":{` + setting + `}}}`}); err != nil {
				return err
			}
		}
		if _, err := s.Search(s.ctx, args[0], args[1]+":*"); err == nil {
			return errors.New("a search still finds something")
		}
		return nil
	})
}

// retains makes a key of a remote deployment, and has the nodes of a local one hold it without their keystore.
func (s *story) retains(_ *testscript.TestScript, args []string) error {
	d, b, err := s.pair(args)
	if err != nil {
		return err
	}
	var key struct{ Encoded string }
	const body = `{"name":"earlier","access":{"search":[{"names":["*"]}]}}`
	if err := stage.AsSuperuser(s.ctx, b, http.MethodPost, "/_security/cross_cluster/api_key", body, &key); err != nil {
		return err
	}
	return d.Cluster().Retain("cluster.remote."+args[1]+".credentials", key.Encoded)
}
