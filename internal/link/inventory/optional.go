package inventory

import (
	"context"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// readSigning asks whether the bot may set what the remote cluster believes. Where a person makes the key, a person
// sees to that too.
func readSigning(ctx context.Context, s *link.PairState) error {
	if s.WantsPasted() {
		return nil
	}
	remote, err := s.RemoteOn.Cluster(s.Remote)
	if err != nil {
		return link.WrapCall("reaching Elasticsearch of "+s.Remote.Name, err)
	}
	privileged, ok := remote.(elastic.Privileged)
	if !ok {
		return nil
	}
	missing, err := privileged.MissingPrivileges(ctx, []string{"manage"}) // which writing cluster settings takes
	s.MayNotManage = len(missing) > 0
	return link.WrapCall("asking what the bot may do on "+s.Remote.Name, err)
}

// ReadOptional reads what they rest on, and says if the role is somebody else's.
func ReadOptional(ctx context.Context, s *link.PairState, c link.ConnectParams) error {
	if c.Filter != nil {
		if err := s.RequireRead(link.PartRulesets); err != nil {
			return err
		}
	}
	if !c.ByCertificate() {
		readReaders(ctx, s, c)
	}
	if c.Role != nil {
		return readRole(ctx, s, c)
	}
	return nil
}

// readReaders reads who may search through the connection already. Nothing rests on it.
func readReaders(ctx context.Context, s *link.PairState, c link.ConnectParams) {
	es, err := s.LocalOn.Cluster(s.Local)
	uses, ok := es.(elastic.Uses)
	if err == nil && !ok {
		err = elastic.ErrNoCredentials
	}
	var roles []elastic.RemoteRole
	if err == nil {
		roles, err = uses.RemoteRoles(ctx)
	}
	s.Readers = link.ReadersOf(roles, c.Alias, c.Access.Search)
	s.Readers.Unread = err
}

// readRole reads the role that c names. One that is not the bot's is left as it is, so it has to let search already.
func readRole(ctx context.Context, s *link.PairState, c link.ConnectParams) error {
	es, err := s.LocalOn.Cluster(s.Local)
	if err != nil {
		return link.WrapCall("reaching Elasticsearch of "+s.Local.Name, err)
	}
	var wrong change.InvalidError
	roles, ok := es.(elastic.Roles)
	if !ok {
		wrong.Add(link.FieldRole, "the bot can't change roles on %s", s.Local.Name)
		return wrong.Check()
	}
	if s.Role, err = roles.Role(ctx, c.Role.Name); err != nil {
		return link.WrapCall("reading role "+c.Role.Name+" of "+s.Local.Name, err)
	}
	missing := link.LacksRole(s.Role, c.Alias, c.Access.Search)
	if len(c.Access.Search) == 0 {
		missing = c.Access.Replication
	}
	if s.Role != nil && !link.IsOurRole(s.Role) && len(missing) > 0 {
		wrong.Add(link.FieldRole, "%s on %s was not created by the bot and does not grant searching %s:%s. The bot won't change it: choose another role, or name a new one",
			c.Role.Name, s.Local.Name, c.Alias, strings.Join(missing, ", "))
	}
	return wrong.Check()
}
