package app

import (
	"log/slog"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/metrics"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// base is what the parts of an App share.
type base struct {
	config  *config.Config
	version string // of the program
	owner   string // names this process
	log     *slog.Logger
	store   *store.Store
	metrics *metrics.Metrics
}
