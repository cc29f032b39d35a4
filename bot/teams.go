package bot

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// lookWithin bounds asking Slack who we are: the event waits for the answer.
const lookWithin = 1500 * time.Millisecond

// served are the ids of the teams and organizations that are served; nil: all are. The error says that this could not be
// found out, and then nobody must be.
func served(ctx context.Context, r *Router) ([]string, error) {
	if len(r.o.Teams) > 0 || r.o.Self == nil {
		return r.o.Teams, nil
	}
	ctx, cancel := context.WithTimeout(ctx, min(lookWithin, r.o.AckWithin/2))
	defer cancel()
	self, err := r.o.Self(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("asking Slack which workspace is ours: %w", err)
	case self.OrgWide && self.Enterprise != "":
		return []string{self.Enterprise}, nil
	case self.Team != "":
		return []string{self.Team}, nil
	}
	return nil, nil // it does not say; what is signed for our app comes from where it is installed
}

// serves tells whether every named team is one that we serve. All workspaces of an organization that is served are: home,
// the one where it happened, is of org. A user's own may be anybody's.
func serves(ctx context.Context, r *Router, home, org, user string) (bool, error) {
	served, err := served(ctx, r)
	if err != nil || len(served) == 0 {
		return err == nil, err
	}
	ours := org != "" && slices.Contains(served, org)
	named := false
	for _, team := range [...]string{home, user} {
		if team == "" {
			continue
		}
		if !slices.Contains(served, team) && (!ours || team != home) {
			return false, nil
		}
		named = true
	}
	return named, nil
}
