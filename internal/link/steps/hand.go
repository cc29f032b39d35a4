package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// What people are asked to do where a keystore is theirs to edit.
const (
	askPut    = "put"    // the key into the keystores
	askCopy   = "copy"   // the proven key to where the old one is
	askRemove = "remove" // entries that are no longer wanted
)

// evShown is noted once a person may have seen the key: from then on its entry may be in a keystore.
const evShown = "key_shown"

// byHand is the platform of a side whose keystores people edit; nil where the bot does.
func (s side) byHand() elastic.HandKeystores {
	if hand, ok := s.Platform.(elastic.HandKeystores); ok && hand.ByHand(s.d) {
		return hand
	}
	return nil
}

// keystores is what the nodes of a side tell of an entry.
type keystores struct {
	with, without []string // names of the nodes that have it, or don't
	silent        int      // nodes whose version does not tell
}

// readKeystores makes the nodes of a side read their keystores, and looks for an entry.
func readKeystores(ctx context.Context, local side, hand elastic.HandKeystores, entry string) (keystores, error) {
	nodes, err := hand.ReadSecrets(ctx, local.d)
	if err != nil {
		return keystores{}, link.WrapCall("having the nodes of "+local.d.Name+" read their keystores", err)
	}
	var k keystores
	for _, n := range nodes {
		switch {
		case !n.Told:
			k.silent++
		case slices.Contains(n.Names, entry):
			k.with = append(k.with, n.Node)
		default:
			k.without = append(k.without, n.Node)
		}
	}
	return k, nil
}

// proof says by how many nodes it is known that the entry is there.
func (k keystores) proof() string {
	if k.silent == 0 {
		return fmt.Sprintf("all nodes (%d) say that they have it", len(k.with))
	}
	return fmt.Sprintf("%d of %d nodes confirm it; the others' version can't report it. The connection verifies it through the node that answers the bot",
		len(k.with), len(k.with)+k.silent)
}

// shell is how a command for a person looks.
func shell(calls ...change.Call) string {
	var lines []string
	for _, c := range calls {
		lines = append(lines, c.Method+" "+c.Path)
	}
	return strings.Join(lines, "\n")
}

// handOver asks people to put a key into the keystores of a side.
type handOver struct {
	ports
	entry string
	local side
	hand  elastic.HandKeystores
}

var errNotByHand = errors.New("the keystore is no longer edited by hand")

// handOver begins with noting that a person may have seen the key, if one may have.
func (p ports) handOver(ctx context.Context, local side, entry string, note change.Note) (handOver, error) {
	h := handOver{ports: p, entry: entry, local: local, hand: local.byHand()}
	if h.hand == nil {
		return h, link.UserError("People no longer edit the keystore of "+local.d.Name+": submit the request again.", "%s: %w", local.d.Name, errNotByHand)
	}
	return h, noteShown(ctx, note)
}

// offerNew issues a key and asks for it to be put in. One of an earlier attempt is not in use yet, and nobody knows who has
// seen it: it ends here.
func (h handOver) offerNew(ctx context.Context, remote side, spec elastic.KeySpec, had change.Evidence, note change.Note) error {
	if _, err := revoke(ctx, remote, spec.Name, ""); err != nil {
		return err
	}
	key, err := issue(ctx, remote, spec, had, note)
	if err != nil {
		return err
	}
	if err := note(ctx, change.Evidence{evKeyID: key.ID}); err != nil {
		return err
	}
	if _, err := revoke(ctx, remote, spec.Name, key.ID); err != nil {
		return err
	}
	return h.offer(ctx, key.Encoded)
}

// offer seals the key for the person who puts it in, and asks for that.
func (h handOver) offer(ctx context.Context, key secret.Secret) error {
	if h.pasted == nil {
		return link.UserError("This bot can't store a key until someone has seen it: its configuration has no keys.encryption.",
			"no store of keys is configured")
	}
	if err := h.pasted.Keep(ctx, change.RequestIDFrom(ctx), key, h.byHandWithin); err != nil {
		return link.WrapCall("keeping the key until it is shown", err)
	}
	return h.put("")
}

func (h handOver) put(trouble string) error {
	return &change.PersonNeededError{
		Ask: askPut, HasKey: true, For: h.byHandWithin,
		Say:     fmt.Sprintf("%sPut the key into the keystore of each node of %s, as %s.", trouble, h.local.d.Name, h.entry),
		Command: shell(h.local.Calls().StoreSecret(h.local.d, h.entry)),
	}
}

// done looks that every node has the entry, as far as nodes tell, once a person says so; the key is forgotten then.
func (h handOver) done(ctx context.Context) (keystores, error) {
	k, err := readKeystores(ctx, h.local, h.hand, h.entry)
	if err != nil {
		return k, err
	}
	if len(k.without) > 0 {
		return k, h.put("Not on every node yet: " + link.JoinWords(k.without) + " " + hasOrHave(k.without) + " no such entry. ")
	}
	return k, h.forgetShown(ctx)
}

// forgetShown forgets the key that was sealed for a person.
func (p ports) forgetShown(ctx context.Context) error {
	if p.pasted == nil {
		return nil
	}
	return link.WrapCall("forgetting the key that was to be shown", p.pasted.Drop(ctx, change.RequestIDFrom(ctx)))
}

// noteShown notes that a person may have seen the key.
func noteShown(ctx context.Context, note change.Note) error {
	if !change.KeyTaken(ctx) {
		return nil
	}
	return note(ctx, change.Evidence{evShown: "true"})
}

// removeByHand asks people to remove entries from the keystores of a side, and looks that they are gone: by what the nodes
// tell, and else by the connections that they have.
func removeByHand(ctx context.Context, local side, hand elastic.HandKeystores, within time.Duration, entries ...string) error {
	var trouble string
	silent := false
	for _, entry := range entries {
		k, err := readKeystores(ctx, local, hand, entry)
		if err != nil {
			return err
		}
		silent = silent || k.silent > 0
		if len(k.with) > 0 {
			trouble += entry + " is still on " + link.JoinWords(k.with) + ". "
		}
	}
	if trouble == "" && !silent {
		return nil
	}
	answer := change.AnswerTo(ctx, askRemove)
	if trouble == "" && answer == change.AnswerDone {
		for _, entry := range entries {
			used, err := hasEntry(ctx, local, entry)
			if err != nil {
				return err
			}
			if used {
				trouble += "The node that the bot reaches still uses " + entry + ". "
			}
		}
		if trouble == "" {
			return nil
		}
	}
	if answer == change.AnswerNone {
		trouble = ""
	}
	commands := make([]change.Call, len(entries))
	for i, entry := range entries {
		commands[i] = local.Calls().RemoveSecret(local.d, entry)
	}
	return &change.PersonNeededError{
		Ask: askRemove, For: within, Command: shell(commands...),
		Say: fmt.Sprintf("%sRemove %s from the keystore of each node of %s.", trouble, link.JoinWords(entries), local.d.Name),
	}
}
