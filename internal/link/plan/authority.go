package plan

import (
	"context"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

// planAuthorities works out what the remote cluster is to believe: what the bot has on record, what the requester states,
// and the authority of the local certificates. Elasticsearch shows nobody what is set, so without a record and without a
// statement nothing can be planned.
func (k *ConnectPlanner) planAuthorities(ctx context.Context, s *link.PairState, c link.ConnectParams) error {
	if c.Identity == nil {
		return nil
	}
	stated, isStated, _ := link.ParseAuthorities(c.Identity.Others) // what is wrong with it was a problem already
	p := &link.AuthorityPlan{Before: stated}
	if k.o.Registry != nil {
		found, err := k.o.Registry.Records(ctx, link.AuthoritiesKey(c.Remote))
		if err != nil {
			return fmt.Errorf("reading what was set on %s: %w", s.Remote.Name, err)
		}
		known, err := link.ReadAuthorities(c.Remote, found)
		if err != nil {
			return err
		}
		if known != nil {
			p.Recorded, p.Before = true, known.With(stated)
		}
	}
	if !p.Recorded && !isStated && !s.WantsPasted() {
		var wrong change.InvalidError
		wrong.Add(link.FieldAuthorities, "the bot will replace what is set in %s on %s. It has no record of it, and Elasticsearch doesn't show it: "+
			"name the files set there, each with its certificate, or write none", elastic.SigningAuthorities, s.Remote.Name)
		return wrong.Check()
	}
	p.After = p.Before
	if added := link.AuthorityFileOf(*s); !link.HasFile(p.Before, added.File) {
		p.After = append(slices.Clone(p.Before), added)
	}
	s.Signing = p
	return nil
}

// authorityArgs are those of the step that sets what was planned.
func authorityArgs(p link.AuthorityPlan, remote elastic.Ref, pasted bool) steps.AddAuthorityArgs {
	a := steps.AddAuthorityArgs{Remote: remote, Before: link.FilesOf(p.Before), After: link.FilesOf(p.After), Pasted: pasted}
	if !p.Changes() {
		a.After = nil
	}
	return a
}
