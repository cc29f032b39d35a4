package store

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

const keep = 90 * 24 * time.Hour // how long a final request is kept

// keys names every key. All of an environment share the hash tag {<env>}, so that they lie in one slot of a
// Redis Cluster and one script may touch a request, its indexes and its lock.
type keys struct{ prefix string }

func newKeys(env string) keys { return keys{prefix: "rcb:{" + env + "}:"} }

// req is a hash: the request. It goes 90 days after the request became final.
func (k keys) req(id string) string { return k.prefix + "req:" + id }

// steps is a hash: the journal, a line for each step. It goes with the request.
func (k keys) steps(id string) string { return k.prefix + "req:" + id + ":steps" }

// pending is a sorted set by deadline: the requests that no worker has begun, approved ones too.
func (k keys) pending() string { return k.prefix + "pending" }

// open is a hash: "<user> <channel>" of every request that is not final, by id. Quotas are counted from it.
func (k keys) open() string { return k.prefix + "open" }

// ready is a sorted set by the time from which a worker may begin: the approved requests.
func (k keys) ready() string { return k.prefix + "ready" }

// leases is a sorted set by end of the lease: the requests in a worker's hands.
func (k keys) leases() string { return k.prefix + "leases" }

// waiting is a sorted set by end of the wait: the requests that go on once a person has done something.
func (k keys) waiting() string { return k.prefix + "waiting" }

// aside is a sorted set by the time since when: the requests that were put aside.
func (k keys) aside() string { return k.prefix + "aside" }

// stuck is a sorted set by the time since when: the requests that could not be rolled back.
func (k keys) stuck() string { return k.prefix + "stuck" }

// reviews is a sorted set by when they are due: the requests that somebody approved alone, and others have yet to review.
func (k keys) reviews() string { return k.prefix + "reviews" }

// openAlerts is a hash: the alerts that a webhook has been told of and that last, by id.
func (k keys) openAlerts(hook string) string { return k.prefix + "webhook:" + hook + ":open" }

// outbox is a list: the events that a webhook has yet to be told of, the oldest first.
func (k keys) outbox(hook string) string { return k.prefix + "webhook:" + hook + ":outbox" }

// unannounced is a sorted set by the time since when: the requests whose present version has not been shown.
func (k keys) unannounced() string { return k.prefix + "unannounced" }

// recent is a sorted set by time of creation: "<id> <user>" of every request that is still kept.
func (k keys) recent() string { return k.prefix + "recent" }

// mine is a sorted set by time of creation: the requests that user asked for.
func (k keys) mine(user string) string { return k.prefix + "mine:" + user }

// target is a string: the id of the request that holds the target. Targets are hashed, for they are free text.
func (k keys) target(target string) string { return k.prefix + "target:" + digest(target) }

// lock is a string: the id of the request that has begun and writes what others write too.
func (k keys) lock(target string) string { return k.prefix + "lock:" + digest(target) }

// locks are those of several targets.
func (k keys) locks(targets []string) []string {
	var all []string
	for _, t := range targets {
		all = append(all, k.lock(t))
	}
	return all
}

// dedup is a string: the id that the submission made. It lives for 24 hours.
func (k keys) dedup(submission string) string { return k.prefix + "dedup:" + digest(submission) }

// sealed is a string: what somebody handed in for a request, encrypted. It lives for an hour at most.
func (k keys) sealed(id string) string { return k.prefix + "sealed:" + id }

// call is a string: that this one call has been carried out. It lives for a minute.
func (k keys) call(nonce string) string { return k.prefix + "call:" + nonce }

// records is a hash of documents: what applied changes left to remember, by its own key.
func (k keys) records() string { return k.prefix + "records" }

// recordIndex is a sorted set: the records by facet, see documents.go.
func (k keys) recordIndex() string { return k.prefix + "records:index" }

// kept is a hash: who said last that what a record allows is still needed, by the record's key.
func (k keys) kept() string { return k.prefix + "records:kept" }

// statuses is a hash of documents: what the last check of a record found, by the record's key.
func (k keys) statuses() string { return k.prefix + "statuses" }

// statusIndex is a sorted set: the statuses by facet, see documents.go.
func (k keys) statusIndex() string { return k.prefix + "statuses:index" }

// statusRevision is a number: it goes up with a status that readers should look at.
func (k keys) statusRevision() string { return k.prefix + "statuses:revision" }

// checks is a sorted set by the time from which they are due: the keys of records to check. Names of queues are free text.
func (k keys) checks(queue string) string { return k.prefix + "checks:" + digest(queue) }

// checked is a sorted set by the time of the last check: the keys of records; of one never checked, since when it exists.
func (k keys) checked() string { return k.prefix + "checked" }

// lease is a string: who does something alone, for as long as the key lives. Names are hashed, for they are free text.
func (k keys) lease(name string) string { return k.prefix + "lease:" + digest(name) }

// notes is a hash: what one part of the bot remembers for itself, by its own key.
func (k keys) notes(part string) string { return k.prefix + "notes:" + part }

// homes is a sorted set by the time when they were opened: the users who have looked at their home tab lately.
func (k keys) homes() string { return k.prefix + "homes" }

// homesDue is a sorted set by the time from which they may be drawn: the users whose home tab may be out of date.
func (k keys) homesDue() string { return k.prefix + "homes:due" }

// homesShown is a hash: the mark of what a user's home tab shows, by user.
func (k keys) homesShown() string { return k.prefix + "homes:shown" }

// homesPace is a string: that a home tab has been drawn just now. It lives for a second or so.
func (k keys) homesPace() string { return k.prefix + "homes:pace" }

// follows is a hash: what user said about following connections, "on" or "off", by the connection's name.
func (k keys) follows(user string) string { return k.prefix + "follows:" + user }

// followers is a set: the users who said that they follow a connection. Names of connections are free text.
func (k keys) followers(connection string) string {
	return k.prefix + "followers:" + digest(connection)
}

// wake is a list: a token for each waiting worker that should look for work.
func (k keys) wake() string { return k.prefix + "wake" }

// audit is a stream: entry (text) and hash of every move there was.
func (k keys) audit() string { return k.prefix + "audit" }

// shipped is a string: the id of the last audit entry that was copied elsewhere.
func (k keys) shipped() string { return k.prefix + "audit:shipped" }

// head is a hash: hash of the last audit entry, count of all.
func (k keys) head() string { return k.prefix + "audit:head" }

// policy is a string: the hash of the last policy that the audit has an entry for.
func (k keys) policy() string { return k.prefix + "audit:policy" }

// begins is a string: the signed checkpoint that stands for the audit entries that were let go.
func (k keys) begins() string { return k.prefix + "audit:begins" }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// ACLRules returns what an ACL user of Redis or Valkey has to be allowed for the bot of an environment, as ACL SETUSER and
// the option "user" take it: its own keys, scripts, and looking at the settings that CheckServer checks.
func ACLRules(env string) []string {
	return []string{
		"resetkeys", "~" + newKeys(env).prefix + "*", "resetchannels", "-@all", "+@read", "+@write", "+@scripting", "+@connection", "+@blocking",
		"-@dangerous", "+multi", "+exec", "+time", "+wait", "+info", "+config|get",
	}
}

// place says in which of the indexes a request in that state belongs.
func place(state change.State) string {
	switch state {
	case change.Pending:
		return "pending"
	case change.Approved:
		return "ready"
	case change.Applying, change.Undoing:
		return "working"
	case change.WaitingForPerson:
		return "waiting"
	case change.Stuck:
		return "parked"
	case change.Applied, change.RolledBack, change.Rejected, change.Withdrawn, change.Expired:
		return "final"
	}
	return ""
}
