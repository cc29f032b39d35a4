package link

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// Calls tell how calls to the platform look; none for the zero System.
func (s System) Calls() elastic.Calls {
	if s.Platform == nil {
		return elastic.Calls{}
	}
	return s.Platform.Calls()
}
