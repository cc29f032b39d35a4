package link

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// TellsLocals reports whether all deployments of a platform are asked for their connections. Of Elastic Cloud only those
// that the bot has connected are.
func (s System) TellsLocals() bool { return s.Kind != elastic.KindECH }
