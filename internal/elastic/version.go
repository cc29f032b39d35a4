package elastic

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a version of the Elastic Stack.
type Version struct{ Major, Minor, Patch int }

// ParseVersion reads "8.14.3"; what follows a dash, as in "9.1.0-SNAPSHOT", is left out.
func ParseVersion(s string) (Version, error) {
	core, _, _ := strings.Cut(s, "-")
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return Version{}, fmt.Errorf("%q is not a version", s)
	}
	var n [3]int
	for i, part := range parts {
		v, err := strconv.Atoi(part)
		if err != nil || v < 0 {
			return Version{}, fmt.Errorf("%q is not a version", s)
		}
		n[i] = v
	}
	return Version{n[0], n[1], n[2]}, nil
}

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// MajorMinor returns "8.14".
func (v Version) MajorMinor() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// AtLeast reports whether v is major.minor or later.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// CompatibilityPage is where Elastic says which versions search each other, and ReplicationPage where it says in which
// order those that replicate are upgraded.
const (
	CompatibilityPage = "https://www.elastic.co/docs/deploy-manage/remote-clusters"
	ReplicationPage   = "https://www.elastic.co/docs/deploy-manage/tools/cross-cluster-replication/upgrading-clusters"
)

// Compatible reports whether Elastic supports cross-cluster search from local to remote, and if not, why in a
// sentence. Source: the compatibility table for cross-cluster search in Elastic's documentation, which ends at 9.3;
// later minors are judged by the rule behind it. A pair outside the table may connect all the same.
func Compatible(local, remote Version) (ok bool, why string) {
	at := ", and the remote cluster runs " + remote.MajorMinor()
	switch {
	case local.Major == remote.Major:
		ok = remote.Minor >= local.Minor-1
		why = local.MajorMinor() + " can search clusters at most one minor version behind it" + at
	case local.Major == 8 && remote.Major == 9:
		ok = local.Minor >= 19 || local.Minor == 18 && remote.Minor == 0
		why = "of 9.x, 8.18 can search only 9.0" + at + "; 8.19 can search all"
		if local.Minor < 18 {
			why = local.MajorMinor() + " can't search 9.x clusters" + at + "; of 8.x, only 8.19 can, and 8.18 only 9.0"
		}
	case local.Major == 9 && remote.Major == 8:
		ok = local.Minor == 0 && remote.Minor == 18
		why = "of 8.x, 9.0 can search only 8.18" + at
		if local.Minor > 0 {
			why = local.MajorMinor() + " can't search 8.x clusters" + at + "; of 9.x, only 9.0 can, and only 8.18"
		}
	case !inTable(local):
		why = outside("local", local)
	default:
		why = outside("remote", remote)
	}
	if ok {
		return true, ""
	}
	return false, why
}

// inTable reports whether Elastic's table has anything to say of a version's major.
func inTable(v Version) bool { return v.Major == 8 || v.Major == 9 }

func outside(side string, v Version) string {
	end := "begins at 8"
	if v.Major > 9 {
		end = "ends at 9"
	}
	return fmt.Sprintf("the %s cluster runs %s, which Elastic's compatibility table doesn't cover: it %s", side, v.MajorMinor(), end)
}

// Replicable reports whether local can follow the indices of remote, and if not, why in a sentence: a follower runs the
// leader's version or a later one. Source: the overview of cross-cluster replication in Elastic's documentation of 7.7;
// that of today says the same by the order of upgrades, the follower's cluster first.
func Replicable(local, remote Version) (ok bool, why string) {
	if local.Major > remote.Major || local.Major == remote.Major && local.Minor >= remote.Minor {
		return true, ""
	}
	return false, fmt.Sprintf("the local cluster (follower) runs %s and the remote cluster (leader) %s; "+
		"a follower must run the leader's version or a later one", local.MajorMinor(), remote.MajorMinor())
}

// Mismatches says why two versions don't fit what a connection is for; none where they do. Where nothing is granted, as
// by certificates, it is for searching.
func Mismatches(local, remote Version, a Access) []string {
	var all []string
	if len(a.Search) > 0 || len(a.Replication) == 0 {
		if ok, why := Compatible(local, remote); !ok {
			all = append(all, fmt.Sprintf("These versions are not supported for search: %s. See %s", why, CompatibilityPage))
		}
	}
	if len(a.Replication) > 0 {
		if ok, why := Replicable(local, remote); !ok {
			all = append(all, fmt.Sprintf("These versions are not supported for replication: %s. See %s", why, ReplicationPage))
		}
	}
	return all
}

// Under the API key model both sides want at least this version.
const (
	KeyMajor = 8
	KeyMinor = 14
)

// The proxy mode of remote clusters came with this version (Elasticsearch 7.7 release highlights), and
// _resolve/cluster with that one (its API reference).
const (
	ProxyMajor   = 7
	ProxyMinor   = 7
	resolveMajor = 8
	resolveMinor = 13
)

// CanResolve reports whether a deployment's version has _resolve/cluster. Where the version is not known, asking tells.
func CanResolve(d Deployment) bool {
	v, err := ParseVersion(d.Version)
	return err != nil || v.AtLeast(resolveMajor, resolveMinor)
}
