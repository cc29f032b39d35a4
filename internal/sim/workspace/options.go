package workspace

import (
	"net/http"
	"time"
)

// Options say what a workspace is like. Only Now is required.
type Options struct {
	Now   func() time.Time           // the workspace's clock: triggers, response URLs and limits go by it
	NewID func(prefix string) string // a fresh id such as U0000000001; nil counts

	TeamID, TeamName, TeamDomain string
	App                          App
	Users                        []Person
	Groups                       []Group
	Channels                     []Channel

	// AckWithin is how long the app may take to acknowledge (real time); 0 means Slack's 3 s.
	AckWithin time.Duration
	// PingEvery is how often Socket Mode connections are pinged (real time); 0 means 10 s.
	PingEvery time.Duration
	// Limits scales Slack's rate limits: 1 is Slack's own, 2 twice as generous, 0 switches them off.
	Limits float64
	// RefuseNewBlocks makes plan, task_card, container, data_table and alert unknown, as in a workspace that does not have
	// them yet.
	RefuseNewBlocks bool
	// Addr is where the Web API, response URLs and Socket Mode listen; empty is any loopback port.
	Addr string
	// PublicURL is what stands before response URLs and Socket Mode's address, where a proxy is in between; empty is
	// where it listens.
	PublicURL string
	// ControlAddr is where the control API listens; empty is any loopback port.
	ControlAddr string
	// Client delivers to the app's request URLs; nil makes one.
	Client *http.Client
	// OnCall sees every call of the Web API, and every use of a response_url as the method response_url; OnDelivery
	// sees everything delivered to the app. They may be called from several goroutines at once.
	OnCall     func(Call)
	OnDelivery func(Delivery)
}

// Call is one call of the Web API that the app made.
type Call struct {
	Method string         `json:"method"`
	At     time.Time      `json:"at"`
	Args   map[string]any `json:"args"` // without the token
	Error  string         `json:"error,omitempty"`
}

// Delivery is one payload that went to the app, and what came back.
type Delivery struct {
	Kind    string         `json:"kind"` // slash_commands, interactive or events_api
	Payload map[string]any `json:"payload"`
	Problem string         `json:"problem,omitempty"` // as in Outcome
	Answer  any            `json:"answer,omitempty"`  // decoded JSON; nil if there was none
}
