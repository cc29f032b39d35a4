package steps

import (
	"context"
	"fmt"
	"strconv"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// evMissed is what verify notes, followed by the number of a look that saw no connection as it is set.
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
		if err := note(ctx, change.Evidence{look: "true"}); err != nil {
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
