package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

var hostForm = regexp.MustCompile(`(HOST|ID|PRIVATE)\(([a-z-]+)\)`)

// hosts puts endpoints in place of HOST(name), hosts of private connections in place of PRIVATE(name), and ids in place of
// ID(name).
func (s *story) hosts(text string) string {
	return hostForm.ReplaceAllStringFunc(text, func(m string) string {
		found := hostForm.FindStringSubmatch(m)
		d := s.Deployment(found[2])
		switch {
		case d == nil:
			return m
		case found[1] == "ID":
			return d.ID()
		case found[1] == "PRIVATE":
			return d.Cluster().ID() + ".vpce." + d.Region() + ".example"
		}
		return d.Cluster().Host()
	})
}

// port changes the port of a connection, as somebody would by hand.
func (s *story) port(ts *testscript.TestScript, args []string) error {
	d := s.Deployment(args[1])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[1])
	}
	address := net.JoinHostPort(d.Cluster().Host(), args[2])
	return s.sets(ts, []string{args[0], `{"persistent":{"cluster.remote.` + args[1] + `.proxy_address":"` + address + `"}}`})
}

// expires ends every key of a cluster; its open connections stay open.
func (s *story) expires(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	in := 0
	if len(args) > 1 {
		var err error
		if in, err = strconv.Atoi(strings.TrimSuffix(args[1], "d")); err != nil {
			return err
		}
	}
	if d.Cluster().ExpireKeys(time.Duration(in)*24*time.Hour) == 0 {
		return fmt.Errorf("%s has no valid key", args[0])
	}
	return nil
}

// licenses gives a cluster another license.
func (s *story) licenses(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	nodes, ok := d.Cluster().(interface{ SetLicense(l cluster.License) })
	if !ok {
		return fmt.Errorf("%s has the license that it has", args[0])
	}
	nodes.SetLicense(cluster.License{Type: args[1], Status: "active"})
	return nil
}

// predates makes the keys of a cluster such as 8.14 made them; real nodes can't be told to.
func (s *story) predates(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	nodes, ok := d.Cluster().(interface{ AgeKeys() int })
	if !ok || nodes.AgeKeys() == 0 {
		return fmt.Errorf("%s has no key that can be made older", args[0])
	}
	return nil
}

func (s *story) loses(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	c, ok := d.Cluster().(*cluster.Cluster)
	if !ok {
		return fmt.Errorf("%s has real nodes, which lose a connection as they like", args[0])
	}
	c.LoseNextConnection()
	return nil
}

// reboots restarts the nodes of a cluster, without its platform: they are away for a moment.
func (s *story) reboots(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	d.Cluster().RestartIn(3 * time.Second)
	return nil
}

func (s *story) forgets(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	return d.Cluster().ForgetAlias(args[1])
}

func (s *story) follows(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	s.followers = append(s.followers, cluster.Follower{Name: args[1], Alias: args[2], Leader: args[1], Pattern: len(args) == 4})
	d.Cluster().SetFollowers(s.followers...)
	return nil
}

// hasTask lets a transform, a datafeed or a watch run that searches these indices.
func (s *story) hasTask(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	s.tasks = append(s.tasks, cluster.Task{Kind: args[1], Name: args[2], Sources: strings.Split(args[3], ","), OwnKey: len(args) == 5})
	d.Cluster().SetTasks(s.tasks...)
	return nil
}

// lends makes an ordinary API key that may search through an alias.
func (s *story) lends(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	body := fmt.Sprintf(`{"name":%q,"role_descriptors":{"reads":{"remote_indices":[{"clusters":[%q],"names":["*"],"privileges":["read"]}]}}}`, args[1], args[2])
	return stage.AsSuperuser(s.ctx, d, http.MethodPost, "/_security/api_key", body, nil)
}

func (s *story) running(args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	for _, name := range args[1:] {
		if there, runs := d.Cluster().Runs(name); !there || !runs {
			return fmt.Errorf("%s: there %v, runs %v", name, there, runs)
		}
	}
	return nil
}

// searchLoop searches again and again until it is stopped.
type searchLoop struct {
	stop  context.CancelFunc
	done  sync.WaitGroup
	count int
	bad   error
}

func (s *story) searching(_ *testscript.TestScript, args []string) error {
	ctx, cancel := context.WithCancel(s.ctx)
	loop := &searchLoop{stop: cancel}
	s.loop = loop
	loop.done.Go(func() {
		for ctx.Err() == nil {
			hits, err := s.Search(ctx, args[0], args[1])
			switch {
			case ctx.Err() != nil:
				return
			case err == nil && len(hits) == 0:
				err = errors.New("nothing was found")
			}
			loop.count++
			if err != nil && loop.bad == nil {
				loop.bad = fmt.Errorf("search %d: %w", loop.count, err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	return nil
}

func (s *story) searched(ts *testscript.TestScript, _ []string) error {
	s.loop.stop()
	s.loop.done.Wait()
	ts.Logf("%d searches", s.loop.count)
	if s.loop.count < 10 {
		return fmt.Errorf("only %d searches ran", s.loop.count)
	}
	return s.loop.bad
}

// befriend lets two clusters connect by certificate.
func (s *story) befriend(_ *testscript.TestScript, args []string) error {
	a, b := s.Deployment(args[0]), s.Deployment(args[1])
	if a == nil || b == nil {
		return fmt.Errorf("there is no deployment %s or %s", args[0], args[1])
	}
	a.Cluster().AddTrust(b.Cluster().AsTrust())
	b.Cluster().AddTrust(a.Cluster().AsTrust())
	return nil
}

func (s *story) remembers(*testscript.TestScript, []string) error {
	s.before = worldState(s.World.State())
	return nil
}

// shortcut runs a message shortcut on the newest message that shows a text.
func (s *story) shortcut(_ *testscript.TestScript, args []string) error {
	var on workspace.Message
	_, err := s.Until(s.ctx, storyWait, func(w workspace.State) bool {
		for _, m := range s.visible(w, args[0]) {
			if strings.Contains(w.Render(m), args[2]) {
				on = m
			}
		}
		return on.TS != ""
	})
	if err != nil {
		return fmt.Errorf("no message shows %q: %w", args[2], err)
	}
	return seen(s.Slack.User(args[0]).MessageShortcut(s.ctx, on, args[1]))
}
