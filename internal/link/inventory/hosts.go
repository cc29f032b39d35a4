package inventory

import (
	"context"
	"net"
	"strings"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// deploymentAt returns the deployment with that endpoint, or with a private host that is its own alone, of the platforms that among lets pass; nil if none is known. A platform
// that can't be asked keeps nobody from knowing the others'.
func deploymentAt(ctx context.Context, c *Catalog, host string, among func(link.System) bool) *elastic.Deployment {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var found *elastic.Deployment
	for _, sys := range c.systems {
		if !among(sys) {
			continue
		}
		wg.Go(func() {
			hosts, err := c.hosts.get(ctx, sys.Name, func(ctx context.Context) (map[string]elastic.Deployment, error) {
				return endpoints(ctx, c, sys)
			})
			d, ok := hosts[host]
			if !ok && err == nil {
				d, ok = privatelyAt(sys, host, hosts)
			}
			if ok && err == nil {
				mu.Lock()
				defer mu.Unlock()
				found = &d
			}
		})
	}
	wg.Wait()
	return found
}

// privatelyAt is the only deployment that a private host leads to.
func privatelyAt(sys link.System, host string, of map[string]elastic.Deployment) (elastic.Deployment, bool) {
	var found []elastic.Deployment
	for _, d := range of {
		if len(sys.PrivateHosts) > 0 && sys.Leads(host, d) {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		return elastic.Deployment{}, false
	}
	return found[0], true
}

// endpoints reads the endpoint of every deployment of a platform.
func endpoints(ctx context.Context, c *Catalog, sys link.System) (map[string]elastic.Deployment, error) {
	all, err := findIn(ctx, sys, "", mostDeployments)
	if err != nil {
		return nil, err
	}
	namesakesOf(all).tellApart(all)
	found := map[string]elastic.Deployment{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, d := range all {
		wg.Go(func() {
			if d.Endpoint == "" {
				if c.room.Acquire(ctx, 1) != nil {
					return
				}
				defer c.room.Release(1)
				full, err := c.Deployment(ctx, d.Ref)
				if err != nil {
					return // one that can't be read has no known endpoint
				}
				d = full
			}
			mu.Lock()
			defer mu.Unlock()
			found[d.Endpoint] = d
		})
	}
	wg.Wait()
	delete(found, "")
	return found, nil
}

// JudgeAddress refuses an address or a server name that is another deployment's, and one of nobody known unless who asks
// has said that it is meant.
func JudgeAddress(ctx context.Context, c *Catalog, s link.PairState, ask link.ConnectParams) error {
	if err := checkOwners(ctx, c, s, ask); err != nil {
		return err
	}
	var wrong change.InvalidError
	link.ElsewhereProblems(s, &wrong, ask)
	return wrong.Check()
}

// checkOwners refuses an address or a server name that is another deployment's: the key would be issued on one and used
// on the other. Whose a host is that no platform knows, or none tells in time, is for people to judge: Warnings says that
// it is not the remote's own.
func checkOwners(ctx context.Context, c *Catalog, s link.PairState, ask link.ConnectParams) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	host, _, _ := net.SplitHostPort(ask.ProxyAddress) // empty where it is none, which Check says
	var wrong change.InvalidError
	for _, one := range []struct{ field, host string }{{link.FieldAddress, host}, {link.FieldServerName, ask.ServerName}} {
		name := strings.ToLower(strings.TrimSuffix(one.host, "."))
		if name == "" || name == s.Remote.Endpoint {
			continue
		}
		if d := deploymentAt(ctx, c, name, func(link.System) bool { return true }); d != nil && d.Ref != s.Remote.Ref {
			wrong.Add(one.field, "%s belongs to %s (%s), not to %s: choose that remote deployment, or use %s",
				one.host, d.Name, d.Ref, s.Remote.Name, s.Remote.Endpoint)
		}
	}
	return wrong.Check()
}
