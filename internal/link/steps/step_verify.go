package steps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// StepVerify proves the connection.
const StepVerify = "verify"

// verifyStep proves the connection: writing settings is answered with 200 whatever comes of it. What it writes, it writes
// as it was approved.
type verifyStep struct {
	ports
	c        link.ConnectParams
	settings elastic.Settings // of the alias, as approved
	keyName  string           // of the key that was issued for it
	keys     []string         // likewise their ids, where they are known
	finding  string
}

// VerifyArgs are what a proof goes by.
type VerifyArgs struct {
	Ends
	Address  string            `json:"proxy_address"`
	Skip     bool              `json:"skip_unavailable"`
	Access   elastic.Access    `json:"access"`
	Model    link.Model        `json:"model"`
	Role     *link.RoleOptions `json:"role"`     // that was written before it, and that nobody has yet; null: none
	KeyName  string            `json:"key_name"` // of the key that was issued for it
	KeyIDs   []string          `json:"key_ids"`  // likewise, where they are known
	Settings elastic.Settings  `json:"settings"` // of the alias, as they are when it is proven
}

// VerifyArgsOf are for a connection with these settings.
func VerifyArgsOf(c link.ConnectParams, set elastic.Settings) VerifyArgs {
	return VerifyArgs{
		Ends: EndsOf(c), Address: c.ProxyAddress, Skip: c.SkipUnavailable, Access: c.Access, Model: c.Model, Role: c.Role,
		Settings: set,
	}
}

// VerifyKey are verifyArgs after the key of that name was issued.
func VerifyKey(c link.ConnectParams, name string, set elastic.Settings) VerifyArgs {
	a := VerifyArgsOf(c, set)
	a.KeyName = name
	return a
}

// Planned is the step under a name of its own where a change has several.
func (a VerifyArgs) Planned(v View, suffix string) change.PlannedStep {
	title := "Verify the connection"
	if suffix != "" {
		title += " " + a.Alias
	}
	var calls []change.Call
	for _, g := range link.ToResolve(v.local, a.Access) {
		calls = append(calls, v.toLocal.Resolve(a.Alias, g.Pattern))
	}
	calls = append(calls, v.toLocal.RemoteInfo())
	return planned(StepVerify+suffix, title, a, v.onLocal(append(calls, helpCalls(v.toLocal, a.Alias, a.Settings)...)...)...)
}

func newVerifyStep(p ports, a VerifyArgs) *verifyStep {
	return &verifyStep{ports: p, settings: a.Settings, keyName: a.KeyName, keys: a.KeyIDs, c: link.ConnectParams{
		Local: a.Local, Remote: a.Remote, Alias: a.Alias, ProxyAddress: a.Address, SkipUnavailable: a.Skip, Access: a.Access,
		Model: a.Model, Role: a.Role,
	}}
}

// StepTimeout is how long a connection may take to come up.
func (v *verifyStep) StepTimeout() time.Duration { return v.verifies }

func (v *verifyStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, err := v.reach(ctx, v.c.Local)
	if err != nil {
		return err
	}
	if err := v.resume(ctx, local, had); err != nil {
		return err
	}
	seen, err := inventory.Observe(ctx, local.es, v.c.Alias, link.ToResolve(local.d, v.c.Access), v.catalog.Now)
	if err != nil {
		return err
	}
	want := link.Expectation{Model: v.c.Model, ProxyAddress: v.c.ProxyAddress, Skip: &v.c.SkipUnavailable, Access: v.c.Access}
	if v.c.Role != nil {
		want.Role = v.c.Role.Name
	}
	if want.KeyIDs, err = v.keyIDs(ctx, seen); err != nil {
		return err
	}
	verdict := link.Judge(seen, want)
	switch verdict.Cause { //nolint:exhaustive // the others are not for the keystore
	case link.CauseNoKey, link.CauseNotRead, link.CauseStaleKey, link.CauseForgotten, link.CauseNotApproved:
		if err := v.help(ctx, local, verdict.Cause, had, note); err != nil {
			return err
		}
	}
	if !verdict.Works() {
		return v.explain(ctx, local, verdict)
	}
	v.finding = fmt.Sprintf("connected over %d of %d sockets", seen.Info.Sockets, seen.Info.MaxSockets)
	if verdict.Proof != "" {
		v.finding += ", " + verdict.Proof
	}
	if slices.Contains(slices.Collect(maps.Values(had)), string(link.CauseStaleKey)) {
		v.finding += "; the nodes still had an earlier key for " + v.c.Alias + ", and dropped it once the bot made them read their keystore again"
	}
	return nil
}

// keyIDs are the ids of the key that was issued for the connection. They are asked for only where a refusal may be the
// proof: under replication alone.
func (v *verifyStep) keyIDs(ctx context.Context, seen link.Observation) ([]string, error) {
	if len(v.keys) > 0 || v.keyName == "" || len(v.c.Access.Search) > 0 || !seen.Refused() {
		return v.keys, nil
	}
	remote, err := v.reach(ctx, v.c.Remote)
	if err != nil {
		return nil, err
	}
	keys, err := remote.es.ActiveKeys(ctx, v.keyName)
	if err != nil {
		return nil, link.WrapCall("reading the keys of "+remote.d.Name, err)
	}
	var ids []string
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids, nil
}

// ownSetup reports whether a cause lies in what the request itself set up. Once that is undone nobody can fix it there.
func ownSetup(c link.Cause) bool {
	switch c { //nolint:exhaustive // the others lie outside the request
	case link.CauseNotSet, link.CauseForgotten, link.CauseNotApproved, link.CauseNoKey, link.CauseNotRead, link.CauseStaleKey, link.CauseMalformedKey, link.CauseBadKey, link.CauseSkip:
		return true
	}
	return false
}

// explain makes the error of a connection that is not up: worth another look until the executor's patience ends, and
// then the reason why everything is undone.
func (v *verifyStep) explain(ctx context.Context, local side, verdict link.Verdict) error {
	s := diagnose.Symptoms{Alias: v.c.Alias, Address: v.c.ProxyAddress, Model: v.c.Model}
	if remote, ok := v.catalog.System(v.c.Remote.Platform); ok {
		s.ToECE = remote.Kind == elastic.KindECE
	}
	s.ECE = s.ToECE || local.Kind == elastic.KindECE
	if egress, err := local.Egress(ctx); err == nil { // only a help for people
		s.Egress = egress
	}
	d := diagnose.Diagnose(verdict, s)
	say := d.Say
	if !ownSetup(verdict.Cause) {
		say += " " + d.Fix
	}
	return change.Waiting(&change.ExplainedError{
		Say: say,
		Err: fmt.Errorf("%w: %s", errNotConnected, verdict.Trouble),
	})
}

var errNotConnected = errors.New("not connected yet")

// Finding says what the proof saw.
func (v *verifyStep) Finding() string { return v.finding }

// evMissed is what verify notes, followed by the number of a look that saw no connection as it is set: why it was none.
const evMissed = "look_without_connection_"

// Every so many looks without a connection verify helps the nodes, in turn in either way, and each way at most so often.
//
// From 8.14 on nodes read a changed keystore by themselves, but when is documented nowhere; so they are told to. One that
// they have read already changes nothing any more: a connection that was made without its key, or that they have forgotten
// (see settle), comes when a setting of it changes.
const (
	helpAfter = 3
	helpTimes = 2
)

// helpCalls are the calls of help.
func helpCalls(c elastic.ClusterCalls, alias string, set elastic.Settings) []change.Call {
	reload, settings := c.ReloadSecureSettings(), reconnecting(alias, set)
	more, back := c.PutSettings(settings[0]), c.PutSettings(settings[1])
	reload.OnlyIf = "the nodes don't apply the connection's settings"
	more.OnlyIf = "they still don't, or have lost it: then they rebuild it"
	back.OnlyIf = "another number of sockets was set"
	return []change.Call{reload, more, back}
}

// help does what makes nodes take the connection as it is set.
func (v *verifyStep) help(ctx context.Context, local side, cause link.Cause, had change.Evidence, note change.Note) error {
	for n := 1; n <= 2*helpTimes*helpAfter; n++ {
		look := evMissed + strconv.Itoa(n)
		if had[look] != "" {
			continue
		}
		// One key a look: what is noted under a key once keeps its value.
		if err := note(ctx, change.Evidence{look: string(cause)}); err != nil {
			return err
		}
		switch {
		case n%helpAfter != 0:
			return nil
		case n%(2*helpAfter) != 0 && cause != link.CauseForgotten:
			// Whether it worked or not, the next look decides.
			_, err := local.es.ReloadSecureSettings(ctx)
			return change.Temporary(link.WrapCall("making the nodes of "+local.d.Name+" read their keystore again", err))
		}
		return v.makeAnew(ctx, local)
	}
	return nil
}

// makeAnew has the nodes make the connection anew. Settings that are not as approved are left alone.
func (v *verifyStep) makeAnew(ctx context.Context, local side) error {
	now, err := settingsOf(ctx, local, v.c.Alias)
	if err != nil || !now.Shows(v.settings) {
		return err
	}
	if err := reconnect(ctx, local, v.c.Alias, v.settings); err != nil {
		return err
	}
	return settleSkip(ctx, local, v.c.Alias, v.settings)
}

// resume ends what an earlier look has begun and was stopped in: the settings are as approved, and in effect.
func (v *verifyStep) resume(ctx context.Context, local side, had change.Evidence) error {
	if had[evMissed+strconv.Itoa(helpAfter)] == "" {
		return nil
	}
	now, err := settingsOf(ctx, local, v.c.Alias)
	if err != nil || !now.SettlesTo(v.settings, v.c.Alias) {
		return err
	}
	if !now.Shows(v.settings) {
		if err := local.es.PutSettings(ctx, now.ChangeTo(v.settings)); err != nil {
			return link.WrapCall("setting "+v.c.Alias+" on "+local.d.Name+" again", err)
		}
	}
	return settleSkip(ctx, local, v.c.Alias, v.settings)
}

// Undo ends what resume does. Else there is nothing to undo.
func (v *verifyStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evMissed+strconv.Itoa(helpAfter)] == "" {
		return nil
	}
	local, err := v.reach(ctx, v.c.Local)
	if err == nil {
		err = v.resume(ctx, local, had)
	}
	if err == nil {
		return nil
	}
	command := v.byHand(v.c.Local.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.PutSettings(v.settings)} })
	return leftBehind(fmt.Sprintf("the settings %s%s.* on %s (Dev Tools there), which may be others than approved", elastic.RemotePrefix, v.c.Alias, v.c.Local), command, err)
}
