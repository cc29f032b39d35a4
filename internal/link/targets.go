package link

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// TargetPrefix begins the target that is the alias of a connection.
const TargetPrefix = "connection/"

// Target is what a connection's changes hold, so that no two change it at once: the alias on the local cluster.
func Target(local elastic.Ref, alias string) string {
	return TargetPrefix + local.String() + "/" + alias
}
