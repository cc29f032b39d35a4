package rest

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a version of the Elastic Stack.
type Version struct{ Major, Minor, Patch int }

// ParseVersion reads "8.17.2"; a missing patch is 0.
func ParseVersion(s string) (Version, error) {
	parts := strings.Split(s, ".")
	if len(parts) == 2 {
		parts = append(parts, "0")
	}
	if len(parts) != 3 {
		return Version{}, fmt.Errorf("%q is not a version", s)
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 {
			return Version{}, fmt.Errorf("%q is not a version", s)
		}
		n[i] = v
	}
	return Version{n[0], n[1], n[2]}, nil
}

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// Versions from which a cluster can do things.
var (
	KeyModel        = Version{8, 10, 0} // remote cluster server with API keys, generally available from 8.14
	ResolveCluster  = Version{8, 13, 0} // _resolve/cluster
	ReloadsRemote   = Version{8, 13, 0} // reload_secure_settings also for cluster.remote.*.credentials
	LoadsByItself   = Version{8, 14, 0} // a change of the stored keystore reaches the nodes without a restart
	SkipsByDefault  = Version{8, 15, 0} // skip_unavailable defaults to true
	ResolvesNothing = Version{8, 18, 0} // _resolve/cluster without an expression
	Signing         = Version{9, 3, 0}  // strong identity verification
	NamesSecrets    = Version{9, 5, 0}  // the answer to reload_secure_settings says what each node has (seen on 9.5.3)
)

// Has tells whether a version can do what others can from one on.
func (v Version) Has(from Version) bool {
	return v.Major > from.Major || (v.Major == from.Major && v.Minor >= from.Minor)
}

// SpeaksTo tells whether nodes of the two versions understand each other: within a major, and across to the last
// minors of the one before (Elastic's docs: remote-cluster-certificate-compatibility).
func (v Version) SpeaksTo(o Version) bool {
	if v.Major == o.Major {
		return true
	}
	low, high := v, o
	if low.Major > high.Major {
		low, high = high, low
	}
	last := map[int]int{7: 17, 8: 18}
	minor, known := last[low.Major]
	return known && high.Major == low.Major+1 && low.Minor >= minor
}
