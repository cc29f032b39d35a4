package steps

import (
	"context"
	"fmt"
	"strconv"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// What verify notes, each followed by the number of a look that saw no connection as it is set.
const (
	evMissed  = "look_without_connection_"
	evRebuilt = "rebuilt_" // the settings were removed and are there again
)

// Every so many looks without a connection verify helps the nodes, in turn in either way, and each way at most so often.
//
// From 8.14 on nodes read a changed keystore by themselves, but when is documented nowhere; so they are told to.
//
// Where they read it in the moment in which the settings of the alias are changed, Elasticsearch makes the connection,
// and then closes it by the settings from before (seen on 8.19.4). They stay set, and _remote/info does not list the
// alias; another reload changes nothing, since the key is not new any more. Settings that are written anew make the
// connection again, and one that was made without its key.
const (
	helpAfter = 3
	helpTimes = 2
)

// Rebuilding is what the alias's settings are when the connection is proven.
type Rebuilding struct {
	Settings elastic.Settings `json:"settings"` // as approved
	Existed  bool             `json:"existed"`  // the alias is older than the request
}

// calls are those of help.
func (r Rebuilding) calls(c elastic.ClusterCalls) []change.Call {
	reload, remove, write := c.ReloadSecureSettings(), c.PutSettings(r.Settings.Cleared()), c.PutSettings(r.Settings)
	reload.OnlyIf = "the nodes don't take the connection as it is set"
	remove.OnlyIf = "they still don't, or have lost the connection"
	write.OnlyIf = "they were removed to have the connection made anew"
	return []change.Call{reload, remove, write}
}

// help does what makes nodes take the connection as it is set.
func (v *verifyStep) help(ctx context.Context, local side, had change.Evidence, note change.Note) error {
	for n := 1; n <= 2*helpTimes*helpAfter; n++ {
		look := strconv.Itoa(n)
		if had[evMissed+look] != "" {
			continue
		}
		// One key a look: what is noted under a key once keeps its value.
		if err := note(ctx, change.Evidence{evMissed + look: "true"}); err != nil {
			return err
		}
		switch n % (2 * helpAfter) {
		case helpAfter:
			// Whether it worked or not, the next look decides.
			return change.Temporary(link.WrapCall("making the nodes of "+local.d.Name+" read their keystore again",
				local.es.ReloadSecureSettings(ctx)))
		case 0:
			return v.rebuild(ctx, local, look, note)
		}
		return nil
	}
	return nil
}

// rebuild removes the alias's settings and writes the same again. Settings that are not as approved are left alone.
func (v *verifyStep) rebuild(ctx context.Context, local side, look string, note change.Note) error {
	now, err := settingsOf(ctx, local, v.c.Alias)
	if err != nil {
		return err
	}
	if now.Shows(v.Settings) {
		if err := clearAlias(ctx, local, v.c.Alias, v.Settings); err != nil {
			return err
		}
		if err := v.restore(ctx, local); err != nil {
			return err
		}
	}
	return note(ctx, change.Evidence{evRebuilt + look: "true"})
}

// resume goes on with a rebuild that was begun and not ended.
func (v *verifyStep) resume(ctx context.Context, local side, had change.Evidence, note change.Note) error {
	for look := range begun(had) {
		if err := v.restore(ctx, local); err != nil {
			return err
		}
		if err := note(ctx, change.Evidence{evRebuilt + look: "true"}); err != nil {
			return err
		}
	}
	return nil
}

// begun yields the looks whose rebuild has not ended.
func begun(had change.Evidence) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for n := 2 * helpAfter; n <= 2*helpTimes*helpAfter; n += 2 * helpAfter {
			look := strconv.Itoa(n)
			if had[evMissed+look] != "" && had[evRebuilt+look] == "" && !yield(look) {
				return
			}
		}
	}
}

// restore writes the settings if they are gone.
func (v *verifyStep) restore(ctx context.Context, local side) error {
	now, err := settingsOf(ctx, local, v.c.Alias)
	if err != nil || !now.Empty() {
		return err
	}
	return link.WrapCall("setting "+v.c.Alias+" on "+local.d.Name+" again", local.es.PutSettings(ctx, v.Settings))
}

// Undo ends a rebuild that was begun. Without it there is nothing to undo, and an alias that is new is to go anyway.
func (v *verifyStep) Undo(ctx context.Context, had change.Evidence) error {
	for range begun(had) {
		if !v.Existed {
			return nil
		}
		local, err := v.reach(ctx, v.c.Local)
		if err == nil {
			err = v.restore(ctx, local)
		}
		if err != nil {
			return v.left(err)
		}
	}
	return nil
}

// left says that the settings may be gone, with the call that writes them.
func (v *verifyStep) left(err error) error {
	command := v.byHand(v.c.Local.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.PutSettings(v.Settings)} })
	return leftBehind(fmt.Sprintf("the settings %s%s.* on %s (Dev Tools there), which may be gone", elastic.RemotePrefix, v.c.Alias, v.c.Local), command, err)
}
