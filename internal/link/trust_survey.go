package link

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// TrustSurvey is how the two sides' trust stands.
type TrustSurvey struct{ Local, Remote SideTrust }

// SideTrust is one side of it.
type SideTrust struct {
	Environment Environment
	Authorities []string // PEM: what signs its nodes' certificates
	Trusted     Trusted  // whom it trusts now
}

// SurveyTrust reads how both sides' trust stands. regions are those of the remote side whose authorities count beside
// the deployment's own.
func (c *Catalog) SurveyTrust(ctx context.Context, s Survey, regions []string) (TrustSurvey, error) {
	var t TrustSurvey
	var err error
	if t.Local, err = c.sideTrust(ctx, s.localOn, s.Local, nil); err != nil {
		return TrustSurvey{}, err
	}
	t.Remote, err = c.sideTrust(ctx, s.remoteOn, s.Remote, regions)
	return t, err
}

func (c *Catalog) sideTrust(ctx context.Context, on System, d Deployment, regions []string) (SideTrust, error) {
	trusts, ok := on.Platform.(Trusts)
	if !ok {
		return SideTrust{}, refuse("The bot can't change whom deployments of "+label(on)+" trust.", "%s has no trust settings", on.Name)
	}
	var t SideTrust
	var err error
	if t.Trusted, err = trusts.Trust(ctx, d); err != nil {
		return t, attempt("reading whom "+d.Name+" trusts", err)
	}
	t.Environment = Environment{ID: on.EnvironmentID, CA: on.EnvironmentCA, Source: "the bot's configuration", Certain: on.EnvironmentID != ""}
	if !t.Environment.Certain {
		t.Environment, err = trusts.Environment(ctx, d)
		if err != nil {
			return t, attempt("asking "+label(on)+" for its own id", err)
		}
		if len(on.EnvironmentCA) > 0 {
			t.Environment.CA = on.EnvironmentCA
		}
	}
	if t.Authorities = t.Environment.CA; len(t.Authorities) > 0 {
		return t, nil
	}
	t.Authorities, err = c.authorities(ctx, on, trusts, d, regions)
	return t, err
}

// authorities reads those of a deployment and, of every other region, those of any deployment there.
func (c *Catalog) authorities(ctx context.Context, on System, trusts Trusts, d Deployment, regions []string) ([]string, error) {
	of := []Deployment{d}
	var others []Deployment
	for _, region := range regions {
		if region == d.Region {
			continue
		}
		if others == nil {
			var err error
			if others, err = on.find(ctx, "", c.o.Limit); err != nil {
				return nil, attempt("looking for deployments of "+label(on), err)
			}
			slices.SortFunc(others, func(a, b Deployment) int { return strings.Compare(a.Deployment, b.Deployment) })
		}
		i := slices.IndexFunc(others, func(o Deployment) bool { return o.Region == region })
		if i < 0 {
			return nil, &noRegionError{region: region, on: label(on)}
		}
		of = append(of, others[i])
	}
	var all []string
	for _, one := range of {
		pems, err := trusts.Authorities(ctx, one)
		if err != nil {
			return nil, attempt("reading the certificate authorities of "+one.Name, err)
		}
		all = append(all, pems...)
	}
	return all, nil
}

// noRegionError says that nothing in a region tells its certificate authorities.
type noRegionError struct{ region, on string }

func (e *noRegionError) Error() string {
	return fmt.Sprintf("%s has no deployment in %s that could tell the certificates of that region", e.on, e.region)
}
