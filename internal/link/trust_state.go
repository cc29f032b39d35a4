package link

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// TrustState is how the two sides' trust stands.
type TrustState struct{ Local, Remote SideTrust }

// SideTrust is one side of it.
type SideTrust struct {
	On          string // the platform, for people
	Environment elastic.Environment
	Unread      error           // why the platform suggests no id
	Authorities []string        // PEM: what signs its nodes' certificates, or is to
	Trusted     elastic.Trusted // whom it trusts now
}

// ReadTrust reads how both sides' trust stands. regions are those of the remote side whose authorities count beside
// the deployment's own. With an error comes what could be read.
func (c *Catalog) ReadTrust(ctx context.Context, s PairState, regions []string) (TrustState, error) {
	local, err := c.sideTrust(ctx, s.localOn, s.Local, nil)
	remote, err2 := c.sideTrust(ctx, s.remoteOn, s.Remote, regions)
	return TrustState{Local: local, Remote: remote}, cmp.Or(err, err2)
}

func (c *Catalog) sideTrust(ctx context.Context, on System, d elastic.Deployment, regions []string) (SideTrust, error) {
	trusts, ok := on.Platform.(elastic.Trusts)
	if !ok {
		return SideTrust{}, userError("The bot can't change whom deployments of "+label(on)+" trust.", "%s has no trust settings", on.Name)
	}
	t := environment(ctx, on, trusts, d)
	var err error
	if t.Trusted, err = trusts.Trust(ctx, d); err != nil {
		return t, wrapCall("reading whom "+d.Name+" trusts", err)
	}
	own, err := c.authorities(ctx, on, trusts, d, regions)
	t.Authorities = slices.Concat(t.Environment.CA, own) // those of the environment need not tell which are coming
	return t, err
}

// environment is what the configuration says of a platform, or else what the platform suggests. A suggestion that can't
// be read is no obstacle: a person knows the id, and confirms it in any case.
func environment(ctx context.Context, on System, trusts elastic.Trusts, d elastic.Deployment) SideTrust {
	if on.EnvironmentID != "" {
		return SideTrust{On: label(on), Environment: elastic.Environment{ID: on.EnvironmentID, CA: on.EnvironmentCA, Source: "the bot's configuration", Certain: true}}
	}
	e, err := trusts.Environment(ctx, d)
	if err != nil {
		e = elastic.Environment{}
	}
	if len(on.EnvironmentCA) > 0 {
		e.CA, e.Confirmed = on.EnvironmentCA, true
	}
	return SideTrust{On: label(on), Environment: e, Unread: err}
}

// Doubts says what of a platform's id and authority a person has to compare with its console; empty where nothing is in
// doubt.
func (t SideTrust) Doubts() string {
	e := t.Environment
	if t.Unread != nil {
		return fmt.Sprintf("What %s says of its own id could not be read (%s): compare the id with its console.", t.On, sentence(t.Unread))
	}
	var suggested []string
	if e.ID != "" && !e.Certain {
		suggested = append(suggested, "id "+e.ID)
	}
	if len(e.CA) > 0 && !e.Certain && !e.Confirmed {
		suggested = append(suggested, "certificate authority "+prints(e.CA))
	}
	switch len(suggested) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("The %s is only what %s suggests: compare it with the console.", suggested[0], e.Source)
	default:
		return fmt.Sprintf("The %s are only what %s suggests: compare them with the console.", strings.Join(suggested, " and the "), e.Source)
	}
}

// unsure reports whether another try may tell more.
func (t *TrustState) unsure() bool {
	return t != nil && (t.Local.Unread != nil || t.Remote.Unread != nil)
}

// authorities reads those of a deployment and of every other region.
func (c *Catalog) authorities(ctx context.Context, on System, trusts elastic.Trusts, d elastic.Deployment, regions []string) ([]string, error) {
	all, err := trusts.Authorities(ctx, d)
	if err != nil {
		return nil, wrapCall("reading the certificate authorities of "+d.Name, err)
	}
	var others []elastic.Deployment
	for _, region := range regions {
		if region == d.Region {
			continue
		}
		if others == nil {
			if others, err = allOf(ctx, on); err != nil {
				return nil, wrapCall("looking for deployments of "+label(on), err)
			}
			slices.SortFunc(others, func(a, b elastic.Deployment) int { return strings.Compare(a.Deployment, b.Deployment) })
		}
		pems, err := regional(ctx, on, trusts, region, others)
		if err != nil {
			return nil, err
		}
		all = append(all, pems...)
	}
	return all, nil
}

// regionalTries is how many deployments of a region are asked for its authorities: one that is broken is not to be in
// the way of the others, and a platform that is out of order is not to be asked about all it has.
const regionalTries = 5

// regional reads the authorities of a region, which all deployments there share, from the first one that answers.
func regional(ctx context.Context, on System, trusts elastic.Trusts, region string, of []elastic.Deployment) ([]string, error) {
	var last error
	tries := 0
	for _, d := range of {
		if d.Region != region || tries == regionalTries {
			continue
		}
		tries++
		pems, err := trusts.Authorities(ctx, d)
		if err == nil && len(pems) > 0 {
			return pems, nil
		}
		if err != nil {
			last = wrapCall("reading the certificate authorities of "+region+" from "+d.Name, err)
		}
	}
	return nil, cmp.Or[error](last, &noRegionError{region: region, on: label(on)})
}

// noRegionError says that nothing in a region tells its certificate authorities.
type noRegionError struct{ region, on string }

func (e *noRegionError) Error() string {
	return fmt.Sprintf("%s has no deployment in %s that could tell the certificates of that region", e.on, e.region)
}
