package handlers

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/policy"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Connections are the connections that there are; *diagnose.Checker is one.
type Connections interface {
	List(ctx context.Context, text string) inventory.Listing
	State(ctx context.Context, n link.Name) (link.ConnectionState, error)
	Diagnose(ctx context.Context, n link.Name) (diagnose.HealthReport, error)
	// Roles are those of a local cluster that name remote clusters.
	Roles(ctx context.Context, local elastic.Ref) ([]elastic.RemoteRole, error)
	// SearchAs searches patterns as another user, up to the first that is refused.
	SearchAs(ctx context.Context, n link.Name, user string, patterns []string) ([]elastic.SearchedAs, error)
	Migratable(ctx context.Context, local elastic.Ref) []string
}

// Follows remembers what people say about following connections; *store.Store does.
type Follows interface {
	// Follow notes what user says: notify.SaidFollow, notify.SaidUnfollow, or nothing, which forgets it; false: they have said
	// something about most connections already.
	Follow(ctx context.Context, user, connection, Say string, most int) (bool, error)
	// Follows returns what user said, by the connections' names.
	Follows(ctx context.Context, user string) (map[string]string, error)
}

// ConnectionStatus knows how the managed connections are; *Monitor is one.
type ConnectionStatus interface {
	// Statuses returns those of the names that are managed.
	Statuses(ctx context.Context, names ...link.Name) (map[link.Name]monitor.Status, error)
	// StatusesOf returns connections that user made or changed last, the worst among them: about limit where there are more.
	StatusesOf(ctx context.Context, user string, limit int) (map[link.Name]monitor.Status, error)
	// Record takes what somebody's look at a connection found for a check, and returns how it is.
	Record(ctx context.Context, x diagnose.HealthReport) (monitor.Status, error)
}

// AccessReviews have people say whether connections are still needed; *monitor.AccessReviews do.
type AccessReviews interface {
	// Of returns how the review of a managed connection stands.
	Of(ctx context.Context, e link.ConnectionState) (monitor.AccessReview, error)
	// Keep notes that somebody says so of a connection whose review goes back to seen; a *monitor.NotKeptError: it is another by now.
	Keep(ctx context.Context, n link.Name, seen time.Time, by change.Actor) (monitor.AccessReview, error)
}

// People are those of the workspace; *bot.Messenger knows them.
type People interface {
	// Person says whether a user is an active person, and no guest.
	Person(ctx context.Context, user string) (active, member bool, err error)
}

// Requests are the requests; *change.Service is one. Errors as of change.Service.
type Requests interface {
	Propose(ctx context.Context, a change.ProposeInput) (*change.Request, error)
	Get(ctx context.Context, id string) (*change.Request, error)

	Approve(ctx context.Context, p change.DecisionInput) (*change.Request, error)
	Reject(ctx context.Context, p change.DecisionInput) (*change.Request, error)
	RequestChanges(ctx context.Context, p change.DecisionInput) (*change.Request, error)
	Withdraw(ctx context.Context, p change.DecisionInput) (*change.Request, error)
	Revoke(ctx context.Context, p change.DecisionInput) (*change.Request, error)
	Retry(ctx context.Context, p change.DecisionInput) (*change.Request, error)
	Resolve(ctx context.Context, p change.DecisionInput) (*change.Request, error)

	CanBreakGlass(ctx context.Context, r *change.Request, by change.Actor) (change.Glass, error)
	BreakGlass(ctx context.Context, p change.DecisionInput) (*change.Request, error)
	CanReview(ctx context.Context, r *change.Request, by change.Actor) error
	ReviewGlass(ctx context.Context, p change.ReviewInput) (*change.Request, error)

	CanSubmitInput(ctx context.Context, r *change.Request, by change.Actor) error
	SubmitInput(ctx context.Context, p change.DecisionInput) (*change.Request, error)

	TakeKey(ctx context.Context, p change.DecisionInput) (*change.Request, error)
	KeyShown(ctx context.Context, id string, by change.Actor) (*change.Request, error)
	RenewKey(ctx context.Context, p change.DecisionInput) (*change.Request, error)
	HandDone(ctx context.Context, p change.DecisionInput) (*change.Request, error)
}

// Asides are the requests that were put aside; change.Asides is one.
type Asides interface {
	// CanTakeUp says beforehand what TakeUp would.
	CanTakeUp(ctx context.Context, d change.AsideDecision) (change.Aside, error)
	// TakeUp requeues or resolves one, and returns how it stands then.
	TakeUp(ctx context.Context, d change.AsideDecision) (change.Aside, error)
}

// Lists are requests by what they have in common; *store.Store has them.
type Lists interface {
	// PendingRequests returns those that wait for approvals, the one first that expires first.
	PendingRequests(ctx context.Context, limit int) ([]*change.Request, error)
	// Reviews returns those that somebody approved alone and others have yet to review, the one first that is due first.
	Reviews(ctx context.Context, limit int) ([]*change.Request, error)
	// Mine returns those that user asked for, newest first.
	Mine(ctx context.Context, user string, limit int) ([]*change.Request, error)
	// Recent returns those of anybody, newest first.
	Recent(ctx context.Context, limit int) ([]*change.Request, error)
}

// PolicyDescriber says what the policy is; *policy.Policy is one.
type PolicyDescriber interface {
	Describe(who func(policy.Group) string) []policy.RuleText
}

// SecretStore keeps a key, encrypted and for a short time: one that was pasted until the work needs it, one that the work
// has made until a person has seen it.
type SecretStore interface {
	Peek(ctx context.Context, request string) (secret.Secret, error)
	Put(ctx context.Context, request string, key secret.Secret) error
	// Drop forgets the key, and forgives that it is gone.
	Drop(ctx context.Context, request string) error
}

// OpenHomes remembers the home tabs that people look at; *store.Store does.
type OpenHomes interface {
	// HomeOpened remembers that user looks at the tab, and returns the mark of what it showed last.
	HomeOpened(ctx context.Context, user string) (shown string, err error)
	// HomeRendered notes that the tab shows what has the mark now, where it showed what had the mark was.
	HomeRendered(ctx context.Context, user, was, now string) error
	// MarkHomesDirty asks for tabs to be drawn anew soon, as far as they are open.
	MarkHomesDirty(ctx context.Context, users []string) error
}

// Directory finds deployments; *link.Catalog is one.
type Directory interface {
	Find(ctx context.Context, text string, limit int) inventory.Found
	ReadPair(ctx context.Context, local, remote elastic.Ref) (link.PairState, error)
	System(name string) (link.System, bool)
}

// SlackClient is what handlers need of Slack; *bot.Messenger is one.
type SlackClient interface {
	OpenView(ctx context.Context, triggerID string, v slack.ModalViewRequest) (bot.View, error)
	UpdateView(ctx context.Context, viewID, hash string, v slack.ModalViewRequest) (bot.View, error)
	// UpdateNamedView replaces the modal whose external_id is v's.
	UpdateNamedView(ctx context.Context, v slack.ModalViewRequest) (bot.View, error)
	PublishHome(ctx context.Context, user string, v slack.HomeTabViewRequest) error

	Ephemeral(ctx context.Context, channel, user string, msg bot.Message) error
	Respond(ctx context.Context, responseURL string, msg bot.Message, replaceOriginal bool) error
	OpenDM(ctx context.Context, user string) (string, error)
	Post(ctx context.Context, channel string, msg bot.Message) (bot.Posted, error)
	Update(ctx context.Context, p bot.Posted, msg bot.Message) error
	Permalink(ctx context.Context, p bot.Posted) (string, error)
	// Upload gives Slack a picture that nobody sees before a message shows it, and returns its file.
	Upload(ctx context.Context, p bot.Picture) (file string, err error)
	// PostPicture posts a message that shows a file that was just uploaded.
	PostPicture(ctx context.Context, channel string, msg bot.Message) (bot.Posted, error)
	// Metadata returns what a message of the bot's own carries; false for any other.
	Metadata(ctx context.Context, p bot.Posted, thread string) (bot.Metadata, bool, error)
}

// Eligibility says who may decide; a change.Policy is one. It is asked before a modal opens, so that nobody types a
// reason in vain; the decision itself asks again.
type Eligibility interface {
	Eligible(ctx context.Context, r *change.Request, by change.Actor) error
	// Evaluate says how a request stands.
	Evaluate(ctx context.Context, r *change.Request) (change.Evaluation, error)
}

// Readers say who may look at connections and requests; *policy.Policy is one.
type Readers interface {
	// MayRead returns nil if the user may, else a *change.NotAllowedError.
	MayRead(ctx context.Context, user string) error
}

// Router is where handlers are registered; *bot.Router is one.
type Router interface {
	OnCommand(name string, h bot.CommandHandler)
	OnAction(id string, h bot.ActionHandler)
	OnSubmit(callback string, h bot.SubmissionHandler, late func(bot.Submission) bot.Answer)
	OnSuggest(id string, h bot.SuggestionHandler)
	OnHome(h bot.HomeHandler)
	OnShortcut(id string, h bot.ShortcutHandler)
}

// runCommand answers a subcommand; args are the other words.
type runCommand func(ctx context.Context, c bot.Command, args []string) bot.Answer
