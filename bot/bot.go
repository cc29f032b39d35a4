// Package bot is to Slack what net/http is to the web: it defines what arrives and what may be answered, and
// carries both. It knows nothing of clusters, requests or approvals.
//
// Two sources (NewHTTPSource, NewSocketSource) decode what Slack sends and hand it to one Router, which answers
// within Slack's three seconds whatever the handler does. The Messenger is the way out: the Web API with its
// rates, and its errors told apart.
package bot

import "time"

// slackWaits is how long Slack waits for an answer before it shows the user an error (Slack's docs: "Handling
// user interaction", acknowledgment response).
const slackWaits = 3 * time.Second

// clockOr returns now, or the wall clock where none was given.
func clockOr(now func() time.Time) func() time.Time {
	if now != nil {
		return now
	}
	return time.Now //nolint:forbidigo // the default clock; whoever needs another one passes it
}
