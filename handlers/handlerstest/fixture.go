// Package handlerstest has what the tests of handlers, cards and notify share: requests in every state, golden files, and
// stand-ins for the workspace and for the store.
package handlerstest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

var update = flag.Bool("update", false, "write the golden files anew")

var Start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// Golden compares v, as JSON, with testdata/<name>.golden.json.
func Golden(t *testing.T, name string, v any) {
	t.Helper()
	got := ToJSON(t, v)
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not as it was (-want +got); -update writes it anew\n%s", path, diff)
	}
}

// GoldenMessage is golden for a message, which Slack must take too.
func GoldenMessage(t *testing.T, name string, m bot.Message) {
	t.Helper()
	if err := CheckMessage(m); err != nil {
		t.Error(err)
	}
	Golden(t, name, map[string]any{"text": m.Text, "blocks": m.Blocks})
}

// Pending is a request as it is asked.
func Pending() *change.Request {
	params, _ := json.Marshal(link.ConnectParams{
		Local: elastic.Ref{Platform: "ece-prod", Deployment: "a1"}, Remote: elastic.Ref{Platform: "cloud", Deployment: "b2"},
		Alias: "search-eu", ProxyAddress: "search-eu.es.example:9443", ServerName: "search-eu.es.example",
		Access: elastic.Access{Search: []string{"logs-*", "metrics-*"}}, ExpiryDays: 90,
	})
	return &change.Request{
		ID: "7Q2MZK", State: change.Pending, Version: 3, ApprovalsSince: 1,
		Proposal: change.Proposal{
			Kind: link.KindConnect, Target: []string{"connection/ece-prod/a1/search-eu"},
			Title: "Connect logs-prod to search-eu as search-eu",
			Fields: []change.Field{
				{Label: "Local", Value: "logs-prod (8.19.3, ece-region) on ECE production"},
				{Label: "Remote", Value: "search-eu (8.19.3, eu-west-1) on Elastic Cloud"},
				{Label: "Alias", Value: "search-eu"},
				{Label: "May search", Value: "logs-*, metrics-*"},
				{Label: "Key expires", Value: "after 90 days"},
			},
			Warnings: []string{"The license of logs-prod (local) is platinum; API key connections want Enterprise."},
			Params:   params,
			Traits:   map[string][]string{"local.name": {"logs-prod"}, "remote.name": {"search (EU)"}},
			Basis:    []change.Field{{Label: "Local version", Value: "8.19.3"}, {Label: "Remote version", Value: "8.19.3"}},
			Steps: []change.PlannedStep{
				{Name: "check", Title: "Check both sides"},
				{Name: "issue_key", Title: "Issue a key and store it", Effects: []change.Effect{
					{Kind: change.Adds, What: "API key rcb-prod-a1-search-eu on search-eu; it expires after 90 days"},
					{Kind: change.Adds, What: "the key may search logs-*"},
					{Kind: change.Removes, What: "the old key"},
					{Kind: change.Keeps, What: "``` *the rest* <!channel>"},
				}, Calls: []change.Call{
					{System: "Elasticsearch of search-eu", Method: "POST", Path: "/_security/cross_cluster/api_key", Body: `{"name":"rcb-prod-a1-search-eu"}`},
					{System: "ECE production", Method: "PATCH", Path: "/deployments/a1/elasticsearch/main-elasticsearch/keystore", Body: `{"secrets":{"cluster.remote.search-eu.credentials":{"value":"••••"}}}`},
				}},
				{Name: "set_remote", Title: "Point logs-prod at search-eu", Calls: []change.Call{
					{System: "Elasticsearch of logs-prod", Method: "PUT", Path: "/_cluster/settings", Body: `{"persistent":{"cluster.remote.search-eu.mode":"proxy"}}`},
				}},
				{Name: "verify", Title: "Verify the connection", Calls: []change.Call{
					{System: "Elasticsearch of logs-prod", Method: "POST", Path: "/_nodes/reload_secure_settings", OnlyIf: "the nodes don't apply the connection's settings"},
				}},
			},
			Digest: "d1",
		},
		Requester: change.Actor{User: "U0ASKER", Channel: "C0ELSEWHERE"},
		Reason:    "Dashboards in Berlin need the EU logs.\nSee OPS-1234.",
		Rule:      "default", Created: Start, Deadline: Start.Add(24 * time.Hour),
	}
}

func Missing() *change.Evaluation {
	return &change.Evaluation{Missing: []change.Need{{Who: []string{"U0ANNA", "U0BEN"}, Group: "approvers", Count: 1}}}
}

func Said(v change.DecisionKind, user, reason string) change.Decision {
	return change.Decision{Kind: v, By: change.Actor{User: user}, At: Start.Add(5 * time.Minute), Reason: reason, Digest: "d1"}
}

func In(state change.State, edit func(*change.Request)) *change.Request {
	r := Pending()
	r.State = state
	r.Decisions = []change.Decision{Said(change.DecisionApprove, "U0ANNA", "")}
	if edit != nil {
		edit(r)
	}
	return r
}

func Journal(states ...change.StepState) []change.StepRecord {
	names := []string{"check", "issue_key", "set_remote", "verify"}
	var out []change.StepRecord
	for i, s := range states {
		rec := change.StepRecord{Step: names[i], Order: i, State: s, Attempts: 1, Begun: Start.Add(time.Duration(i) * 10 * time.Second)}
		if s != change.StepBegun {
			rec.Ended = rec.Begun.Add(1500 * time.Millisecond)
		}
		out = append(out, rec)
	}
	return out
}

// EveryState is a request in each of its states, by a name for its golden files.
func EveryState() map[string]*change.Request {
	failed := change.Outcome{
		Failed: "verify", Why: "The local side does not trust the certificate: check the port and the server name.",
		Error: "resolve: PKIX path building failed", Ended: Start.Add(6 * time.Minute),
	}
	return map[string]*change.Request{
		"pending":         Pending(),
		"pending_partly":  In(change.Pending, nil),
		"pending_drifted": In(change.Pending, Drift),
		"approved":        In(change.Approved, nil),
		"applying": In(change.Applying, func(r *change.Request) {
			r.Journal = Journal(change.StepDone, change.StepBegun)
			r.Journal[0].Finding = "both sides are at 8.19.3"
			r.Journal[1].Attempts, r.Journal[1].Trouble, r.Journal[1].Resumed = 2, "search-eu did not answer in time", true
			r.Journal[1].Next = Start.Add(12 * time.Second)
		}),
		"undoing": In(change.Undoing, func(r *change.Request) {
			r.Journal = Journal(change.StepDone, change.StepUndoing, change.StepUndone, change.StepFailed)
			r.Outcome = failed
		}),
		"waiting": In(change.WaitingForPerson, func(r *change.Request) {
			r.Journal = Journal(change.StepDone, change.StepBegun)
			r.Wait = change.Wait{
				Step: "issue_key", Ask: "put", HasKey: true, Until: Start.Add(time.Hour), Command: "bin/elasticsearch-keystore add --force x",
				Say: "Put the key into the keystore of each node of logs-prod, as x.",
			}
		}),
		"waiting_shown": In(change.WaitingForPerson, func(r *change.Request) {
			r.Journal = Journal(change.StepDone, change.StepBegun)
			r.Wait = change.Wait{
				Step: "issue_key", Ask: "put", HasKey: true, Until: Start.Add(time.Hour), Command: "bin/elasticsearch-keystore add --force x",
				Say: "Put the key into the keystore of each node of logs-prod, as x.", Taken: &change.Taken{By: "U0BEN", At: Start, Shown: true},
			}
		}),
		"waiting_undo": In(change.WaitingForPerson, func(r *change.Request) {
			r.Journal = Journal(change.StepDone, change.StepUndoing, change.StepUndone, change.StepFailed)
			r.Wait = change.Wait{
				Step: "issue_key", Undo: true, Ask: "remove", Until: Start.Add(time.Hour), Command: "bin/elasticsearch-keystore remove x",
				Say: "Remove x from the keystore of each node of logs-prod.",
			}
			r.Outcome = failed
		}),
		"stuck": In(change.Stuck, func(r *change.Request) {
			r.Journal = Journal(change.StepDone, change.StepUndoFailed, change.StepUndone, change.StepUndone)
			left := change.Leftover{
				Step: "issue_key", What: "the key rcb-prod-a1-search-eu on search-eu", Cause: "search-eu did not answer in time",
				Command: "DELETE /_security/api_key\n{\"name\":\"rcb-prod-a1-search-eu\"}",
			}
			r.Journal[1].Leftover = &left
			r.Outcome = failed
			r.Outcome.Leftovers = []change.Leftover{left}
		}),
		"applied": In(change.Applied, func(r *change.Request) {
			r.Journal = Journal(change.StepDone, change.StepDone, change.StepDone, change.StepDone)
			r.Journal[3].Finding = "connected; logs-* matches 12 indices"
			r.Outcome = change.Outcome{Ended: Start.Add(6 * time.Minute)}
		}),
		"rolled_back": In(change.RolledBack, func(r *change.Request) {
			r.Journal = Journal(change.StepUndone, change.StepUndone, change.StepUndone, change.StepUndone)
			for i := range r.Journal {
				r.Journal[i].Applied = time.Duration(i+1) * time.Second
			}
			r.Journal[0].Finding, r.Journal[1].Finding = "both sides are at 8.19.3", "stored key K1 as cluster.remote.search-eu.credentials"
			r.Outcome = failed
		}),
		"resolved": In(change.RolledBack, func(r *change.Request) {
			r.Decisions = append(r.Decisions, Said(change.DecisionResolve, "U0BEN", "deleted the key by hand"))
			r.Outcome = failed
		}),
		"rejected": In(change.Rejected, func(r *change.Request) {
			r.Decisions = []change.Decision{Said(change.DecisionReject, "U0BEN", "metrics-* is too wide")}
		}),
		"withdrawn": In(change.Withdrawn, func(r *change.Request) {
			r.Decisions = []change.Decision{Said(change.DecisionWithdraw, "U0ASKER", "")}
		}),
		"expired": In(change.Expired, func(r *change.Request) {
			r.Decisions = []change.Decision{{Kind: change.DecisionExpire, At: r.Deadline, Digest: "d1", Reason: "not enough approvals came in time"}}
		}),
	}
}

func Drift(r *change.Request) {
	before := r.Proposal
	r.Previous = &before
	r.ApprovalsSince, r.Version = 6, 6
	r.Proposal.Digest = "d2"
	r.Proposal.Basis = []change.Field{{Label: "Local version", Value: "8.19.3"}, {Label: "Remote version", Value: "9.0.0"}}
	r.Decisions = append(r.Decisions, change.Decision{Kind: change.DecisionDrift, At: Start.Add(6 * time.Minute), Digest: "d1"})
}

// Nasty is text from outside at its worst: long, and full of what Slack might take for its own.
func Nasty(n int) string {
	const unit = "<!channel> <@U0EVIL> <https://evil.example|ok> & ```*_~` \u202e \n> :tada: 🧨é "
	return bot.Cut(strings.Repeat(unit, n/len([]rune(unit))+1), n)
}

// CallOf is the first call of a step, to be edited.
func CallOf(r *change.Request, step string) *change.Call { return &r.Proposal.Step(step).Calls[0] }

// Wanting is a request that waits for a key of people.
func Wanting(edit func(*change.Request)) *change.Request {
	r := Pending()
	r.Proposal.RequiredInput = link.InputKey
	CallOf(r, "issue_key").System += " (created by a person there)"
	r.Proposal.Step("issue_key").ByHand = []change.Call{{Method: "DELETE", Path: "/_security/api_key", Body: `{"name":"rcb-prod-a1-search-eu"}`}}
	if edit != nil {
		edit(r)
	}
	return r
}
