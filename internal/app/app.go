// Package app is the bot, built from a configuration: what the programs run, and what they ask of its parts.
package app

import (
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/notify"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/tracing"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

// App is the bot, built from a configuration. Run starts its parts and, once told to stop, drains them.
type App struct {
	*base
	*web
	*cards
	reloads
	redis         redis.UniversalClient
	service       *change.Service
	asides        *notify.Asides
	executor      *executor.Executor
	catalog       *inventory.Catalog
	shipping      *shipping       // nil: the audit is not shipped
	checkpoints   *checkpoints    // nil: none are made
	webhooks      *webhook.Sender // nil: nobody but Slack is told
	checker       *diagnose.Checker
	monitor       *monitor.Monitor
	homeRefresher *notify.HomeRefresher
	tracing       *tracing.Tracing // nil: nothing is traced
}

// ListenOn has the bot take Slack's calls there, instead of where the configuration says.
func (a *App) ListenOn(l net.Listener) { a.listener = l }
