package monitor

import (
	"cmp"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// handful is how many connections with the same cause have a message each; more share one.
const handful = 5

// cause is something that connections have in common, and that may be why they have problems.
type cause struct {
	kind string // one of causeLocal, causeRemote and causePlatform
	id   string // "platform/deployment", or the platform's name
	name string // what people call it
}

// The kinds of causes, the narrowest first.
const (
	causeLocal    = "local"
	causeRemote   = "remote"
	causePlatform = "platform"
)

func (c cause) key() string { return c.kind + " " + c.id }

// causes are what may be to blame for a connection's problems, the narrowest first.
func (t troubled) causes() []cause {
	local, remote := t.name.Local, t.status.RemoteID
	all := []cause{{causeLocal, local.String(), cmp.Or(t.status.Local, local.String())}}
	if remote.Deployment != "" {
		all = append(all, cause{causeRemote, remote.String(), cmp.Or(t.status.Remote, remote.String())})
	}
	all = append(all, cause{causePlatform, local.Platform, local.Platform})
	if remote.Platform != "" && remote.Platform != local.Platform {
		all = append(all, cause{causePlatform, remote.Platform, remote.Platform})
	}
	return all
}

// group are the connections with problems that one cause explains, the worst first.
type group struct {
	cause    cause
	affected []troubled
}

// groupByCause puts connections that share a cause together, those first that most share, and returns the others. A
// cause that is open, because a message tells of it already, keeps its connections however few are left.
func groupByCause(connections []troubled, open func(cause) bool) (groups []group, others []troubled) {
	others = slices.Clone(connections)
	take := func(c cause) {
		g := group{cause: c}
		others = slices.DeleteFunc(others, func(t troubled) bool {
			mine := slices.ContainsFunc(t.causes(), func(o cause) bool { return o.key() == c.key() })
			if mine {
				g.affected = append(g.affected, t)
			}
			return mine
		})
		slices.SortStableFunc(g.affected, func(a, b troubled) int {
			return cmp.Or(a.urgency()-b.urgency(), a.status.Problems[0].Since.Compare(b.status.Problems[0].Since))
		})
		groups = append(groups, g)
	}
	for _, c := range widest(others, open) {
		take(c)
	}
	for {
		c, ok := commonest(others)
		if !ok {
			return groups, others
		}
		take(c)
	}
}

// widest are the open causes of connections, the widest last.
func widest(connections []troubled, open func(cause) bool) []cause {
	var all []cause
	for _, t := range connections {
		for _, c := range t.causes() {
			known := slices.ContainsFunc(all, func(o cause) bool { return o.key() == c.key() })
			if !known && open(c) {
				all = append(all, c)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b cause) int { return a.width() - b.width() })
	return all
}

func (c cause) width() int {
	return slices.Index([]string{causeLocal, causeRemote, causePlatform}, c.kind)
}

// commonest is the cause that explains the most connections; false: none explains more than a handful. A platform has to
// explain twice as many as the deployment that explains the most.
func commonest(connections []troubled) (cause, bool) {
	counts := map[string]int{}
	var all []cause
	for _, t := range connections {
		for _, c := range t.causes() {
			if counts[c.key()]++; counts[c.key()] == 1 {
				all = append(all, c)
			}
		}
	}
	var best [causeKinds]cause
	for _, c := range all {
		if b := &best[c.width()]; counts[c.key()] > counts[b.key()] {
			*b = c
		}
	}
	found := best[0]
	for i, c := range best[1:] {
		if n := counts[c.key()]; n > counts[found.key()] && (i == 0 || n >= 2*counts[found.key()]) {
			found = c
		}
	}
	return found, counts[found.key()] > handful
}

const causeKinds = 3

func (t troubled) urgency() int {
	return slices.Index(diagnose.ProblemKinds(), t.status.Problems[0].Kind)
}
