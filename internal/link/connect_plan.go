package link

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// Plan works a connect out against the world as it is now. The same world gives the same plan. Errors: a
// *change.InvalidError with everything that is wrong, by field; otherwise a read that failed, which may be temporary.
func (k *ConnectPlanner) Plan(ctx context.Context, id string, params json.RawMessage) (change.Proposal, error) {
	c, err := ParseConnectParams(params)
	if err != nil {
		return change.Proposal{}, err
	}
	if err := c.Check(); err != nil {
		return change.Proposal{}, err
	}
	s, err := k.catalog.ReadPairFresh(ctx, c.Local, c.Remote)
	if err != nil {
		return change.Proposal{}, err
	}
	if err := k.catalog.judge(ctx, &s, c); err != nil {
		return change.Proposal{}, err
	}
	c = s.identified(c)
	others, err := k.others(ctx, c)
	if err != nil {
		return change.Proposal{}, err
	}
	made := c.making(s, k.o.Env, id, others)
	p := change.Proposal{
		Kind:     KindConnect,
		Title:    fmt.Sprintf("Connect %s to %s as %s", s.Local.Name, s.Remote.Name, c.Alias),
		Fields:   c.fields(s),
		Warnings: Warnings(s, c),
		Links:    s.links(),
		Params:   params,
		Basis:    c.basis(s),
		Traits:   c.Traits("connect", s, k.o.Tags),
		Unsure:   s.trust.unsure(),
	}
	if s.byHand(c) {
		p.RequiredInput = InputAuthority
	}
	pasted := s.wantsPasted() && !c.byCertificate()
	if pasted {
		made.KeyName = "" // people name their keys as they like
		p.RequiredInput = InputKey
	}
	p.Records = []change.Record{made.record()}
	p.Steps = k.steps(id, c, s, pasted)
	p.Target = targets(Target(c.Local, c.Alias), p.Steps)
	p.Digest, err = p.ComputeDigest()
	return p, err
}

// others are the connections that c may share a trust or an authority with.
func (k *ConnectPlanner) others(ctx context.Context, c ConnectParams) (map[Name]ManagedConnection, error) {
	if !c.byCertificate() && c.Identity == nil || k.o.Registry == nil {
		return nil, nil
	}
	return managedOn(ctx, k.o.Registry, c.Local, c.Remote)
}

// needed are the parts without which nothing can be said about a connect.
var needed = []Part{PartLocalCluster, PartRemoteCluster, PartSettings, PartKeystore}

// judge reads what else c needs to know, and returns what stands against it.
func (c *Catalog) judge(ctx context.Context, s *PairState, ask ConnectParams) error {
	if err := s.Problems(ask).Check(); err != nil {
		return err
	}
	if err := s.requireRead(s.needs(ask)...); err != nil {
		return err
	}
	if err := c.checkOwners(ctx, *s, ask); err != nil {
		return err
	}
	if err := readOptional(ctx, s, ask); err != nil {
		return err
	}
	if ask.Identity != nil {
		if err := readSigning(ctx, s); err != nil {
			return err
		}
		if err := s.Problems(ask).Check(); err != nil {
			return err
		}
	}
	if ask.byCertificate() {
		return c.judgeTrust(ctx, s, ask)
	}
	return nil
}

func (c ConnectParams) fields(s PairState) []change.Field {
	fields := []change.Field{
		{Label: "Local", Value: describe(s.Local) + " on " + label(s.localOn)},
		{Label: "Remote", Value: describe(s.Remote) + " on " + label(s.remoteOn)},
		{Label: "Alias", Value: c.Alias},
		{Label: "Proxy address", Value: c.ProxyAddress},
		{Label: "Server name", Value: c.ServerName},
	}
	add := func(label, value string) {
		if value != "" {
			fields = append(fields, change.Field{Label: label, Value: value})
		}
	}
	if c.byCertificate() {
		fields = append(fields, c.trustFields(s)...)
	} else {
		add("May search", strings.Join(c.Access.Search, ", "))
		add("May replicate", strings.Join(c.Access.Replication, ", "))
		add("Key expires", expiry(c.ExpiryDays))
	}
	fields = append(fields, c.identityFields(s)...)
	fields = append(fields, c.filterFields(s)...)
	if c.Role != nil {
		add("Role", c.Role.Name)
	}
	add("skip_unavailable", strconv.FormatBool(c.SkipUnavailable))
	if c.ProxySockets > 0 {
		add("Sockets", strconv.Itoa(c.ProxySockets))
	}
	add("Compression", c.Compress)
	add("Ping schedule", c.PingSchedule)
	return fields
}

func expiry(days int) string {
	switch days {
	case 0:
		return "never"
	case 1:
		return "after 1 day"
	}
	return fmt.Sprintf("after %d days", days)
}

func label(s System) string {
	if s.Label != "" {
		return s.Label
	}
	return s.Name
}

// basis is what the plan rests on: when one of these changes, the approvals are void.
func (c ConnectParams) basis(s PairState) []change.Field {
	return []change.Field{
		{Label: "Local version", Value: s.Local.Version},
		{Label: "Remote version", Value: s.Remote.Version},
		{Label: "Remote endpoint", Value: s.Remote.Endpoint},
		{Label: "Settings under " + c.Alias, Value: s.Settings.Of(c.Alias).String()},
		s.filterBasis(),
	}
}
