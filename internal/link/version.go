package link

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

func (v Version) minor() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// AtLeast reports whether v is major.minor or later.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// CompatibilityPage is where Elastic says which versions work together.
const CompatibilityPage = "https://www.elastic.co/docs/deploy-manage/remote-clusters"

// Compatible reports whether Elastic supports cross-cluster search from local to remote, and if not, why in a
// sentence. Source: the compatibility table for cross-cluster search in Elastic's documentation, which ends at 9.3;
// later minors are judged by the rule behind it. A pair outside the table may connect all the same.
func Compatible(local, remote Version) (ok bool, why string) {
	switch {
	case local.Major == remote.Major:
		ok = remote.Minor >= local.Minor-1
		why = fmt.Sprintf("%s searches clusters at most one minor behind it, and the remote one is at %s",
			local.minor(), remote.minor())
	case local.Major == 8 && remote.Major == 9:
		ok = local.Minor >= 19 || local.Minor == 18 && remote.Minor == 0
		why = fmt.Sprintf("%s does not search %s: of 9.x, 8.18 reaches only 9.0, and 8.19 all", local.minor(), remote.minor())
	case local.Major == 9 && remote.Major == 8:
		ok = local.Minor == 0 && remote.Minor == 18
		why = fmt.Sprintf("%s does not search %s: of 8.x, only 9.0 reaches one, and that is 8.18", local.minor(), remote.minor())
	default:
		why = fmt.Sprintf("%s and %s are not in Elastic's table of versions that work together", local.minor(), remote.minor())
	}
	if ok {
		return true, ""
	}
	return false, why
}

// Under the API key model both sides want at least this version.
const (
	minMajor = 8
	minMinor = 14
)

// The proxy mode of remote clusters came with this version (Elasticsearch 7.7 release highlights), and
// _resolve/cluster with that one (its API reference).
const (
	proxyMajor, proxyMinor     = 7, 7
	resolveMajor, resolveMinor = 8, 13
)
