package doctor

import (
	"context"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// Slack is what is asked of Slack; *bot.Messenger is one.
type Slack interface {
	Self(ctx context.Context) (bot.Identity, error)
	Granted(ctx context.Context) ([]string, error)
	policy.Lookup
	FindPosted(ctx context.Context, channel, thread string, since, until time.Time, match func(bot.Metadata) bool) (bot.Posted, bool, error)
}

// Redis is what is asked of Redis; *store.Store is one.
type Redis interface {
	CheckServer(ctx context.Context, now time.Time) []store.Finding
	PutAside(ctx context.Context, limit int) ([]store.Aside, error)
}

// Options are what the doctor looks at. All but AppToken are required.
type Options struct {
	Config    *config.Config
	Slack     Slack
	AppToken  func(context.Context) error            // asks Slack whether the app-level token opens Socket Mode; nil: not used
	Collector func(context.Context) error            // hands the collector of traces nothing; nil: nothing is traced
	Scrub     func(string) string                    // takes secrets out of what the collector says; needed with it
	Webhooks  map[string]func(context.Context) error // by name: asks whether the receiver answers, and tells it nothing
	Redis     Redis
	Older     []func(context.Context) Finding // compare the database with what is known of it elsewhere
	Systems   []link.System
	Now       func() time.Time
	Within    time.Duration // of each area; default 30 s
}
