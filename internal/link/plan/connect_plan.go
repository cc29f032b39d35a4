package plan

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// Plan works a connect out against the world as it is now. The same world gives the same plan. Errors: a
// *change.InvalidError with everything that is wrong, by field; otherwise a read that failed, which may be temporary.
func (k *ConnectPlanner) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	c, err := link.ParseConnectParams(params)
	if err != nil {
		return change.Proposal{}, err
	}
	if err := k.check(c); err != nil {
		return change.Proposal{}, err
	}
	s, err := k.catalog.ReadPairFresh(ctx, c.Local, c.Remote)
	if err != nil {
		return change.Proposal{}, err
	}
	if err := inventory.Judge(ctx, k.catalog, &s, c); err != nil {
		return change.Proposal{}, err
	}
	if err := k.planAuthorities(ctx, &s, c); err != nil {
		return change.Proposal{}, err
	}
	c = link.Identified(s, c)
	others, err := k.others(ctx, c)
	if err != nil {
		return change.Proposal{}, err
	}
	made := c.Making(s, k.o.Env, id, others)
	p := change.Proposal{
		Kind:     link.KindConnect,
		Title:    fmt.Sprintf("Connect %s to %s as %s", s.Local.Name, s.Remote.Name, c.Alias),
		Fields:   link.Fields(c, s),
		Warnings: link.Warnings(s, c),
		Links:    link.Links(s),
		Advice:   link.Advice(s, c),
		Params:   params,
		Basis:    link.Basis(c, s),
		Before:   c.Until,
		Traits:   link.TraitsOf(c, "connect", s, k.o.Tags),
		Unsure:   s.Trust.Unsure(),
	}
	if !c.ByCertificate() {
		p.Fields = append(p.Fields, s.KeystoreFields()...)
	}
	if link.ByHand(s, c) {
		p.RequiredInput = steps.InputAuthority
	}
	pasted := s.WantsPasted() && !c.ByCertificate()
	if pasted {
		made.KeyName = "" // people name their keys as they like
		p.RequiredInput = link.InputKey
	}
	p.Substance = link.Substance(c, s, made.Settings, p.Traits)
	p.Records = append([]change.Record{made.AsRecord()}, link.AuthoritiesRecords(s, pasted)...)
	p.Steps = k.steps(id, c, s, pasted)
	p.Target = targets(link.Target(c.Local, c.Alias), p.Steps)
	p.Digest, err = p.ComputeDigest()
	return p, err
}

// check looks at the parameters alone.
func (k *ConnectPlanner) check(c link.ConnectParams) error {
	if err := c.Check(); err != nil {
		return err
	}
	var wrong change.InvalidError
	if err := link.CheckUntil(c.Until, k.catalog.Now()); err != nil {
		wrong.Add(link.FieldUntil, "%s", err)
	}
	return wrong.Check()
}

// others are the connections that c may share a trust or an authority with.
func (k *ConnectPlanner) others(ctx context.Context, c link.ConnectParams) (map[link.Name]link.ManagedConnection, error) {
	if !c.ByCertificate() && c.Identity == nil || k.o.Registry == nil {
		return nil, nil
	}
	return inventory.ManagedOn(ctx, k.o.Registry, c.Local, c.Remote)
}
