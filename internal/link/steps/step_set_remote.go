package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// StepSetRemote writes the settings of the alias.
const StepSetRemote = "set_remote"

// evFound is what point noted of the alias's settings before it wrote them, as JSON.
const evFound = "settings_found"

// SetRemoteArgs are the settings by which an alias comes to be.
type SetRemoteArgs struct {
	Local    elastic.Ref      `json:"local"`
	Alias    string           `json:"alias"`
	Settings elastic.Settings `json:"settings"`
	Keyed    bool             `json:"keyed"` // its key is in the keystore
}

// Planned is the step as it stands in a plan.
func (a SetRemoteArgs) Planned(v View) change.PlannedStep {
	title := "Point " + a.Alias + " at " + a.Settings.Options(a.Alias)["proxy_address"]
	calls := []change.Call{v.toLocal.PutSettings(a.Settings)}
	if a.Keyed {
		calls = []change.Call{v.toLocal.ReloadSecureSettings(), calls[0]}
	}
	return with(planned(StepSetRemote, title, a, v.onLocal(calls...)...),
		settingsEffects(elastic.Settings{}, a.Settings)...)
}

// setRemoteStep sets the alias on the local cluster. It comes after the keystore, which the nodes are to have read by then:
// whether a key is there when the connection is made decides which model it uses.
type setRemoteStep struct {
	ports
	SetRemoteArgs
}

func (p *setRemoteStep) Apply(ctx context.Context, had change.Evidence, note change.Note) error {
	local, err := p.reach(ctx, p.Local)
	if err != nil {
		return err
	}
	now, err := p.read(ctx, local)
	if err != nil {
		return err
	}
	if !now.Empty() && !now.Shows(p.Settings) {
		return p.taken(local, now)
	}
	if had[evFound] == "" {
		if err := note(ctx, change.Evidence{evFound: now.Body()}); err != nil {
			return err
		}
	}
	if now.Shows(p.Settings) && p.Settings.Hidden().Empty() {
		return nil
	}
	if p.Keyed && now.Empty() {
		if err := readKey(ctx, local, p.Alias, had, note); err != nil {
			return err
		}
	}
	if err := local.es.PutSettings(ctx, p.Settings); err != nil {
		return link.WrapCall("setting "+p.Alias+" on "+local.d.Name, err)
	}
	after, err := p.read(ctx, local)
	if err != nil {
		return err
	}
	switch {
	case after.Shows(p.Settings):
		return nil
	case after.Equal(now):
		return link.WrapCall("setting "+p.Alias+" on "+local.d.Name,
			change.Temporary(errors.New("the settings are not there after they were written")))
	}
	return p.taken(local, after)
}

func (p *setRemoteStep) read(ctx context.Context, local side) (elastic.Settings, error) {
	all, err := local.es.RemoteSettings(ctx)
	if err != nil {
		return elastic.Settings{}, link.WrapCall("reading the settings of "+local.d.Name, err)
	}
	return all.Of(p.Alias), nil
}

func (p *setRemoteStep) taken(local side, now elastic.Settings) error {
	return link.UserError(
		fmt.Sprintf("Someone else set %s on %s: %s. It was not changed.", p.Alias, local.d.Name, now),
		"settings of %s: %s is set by somebody else: %s", local.d.Name, p.Alias, now)
}

// Undo puts back what Apply found. Settings that are neither what it found nor what it wrote are somebody else's: they
// stay, and are named.
func (p *setRemoteStep) Undo(ctx context.Context, had change.Evidence) error {
	if had[evFound] == "" {
		return nil // Apply never got to act
	}
	var found elastic.Settings
	if err := json.Unmarshal([]byte(had[evFound]), &found); err != nil {
		return p.left(p.Settings.BackTo(elastic.Settings{}), fmt.Errorf("reading the note of what was set before: %w", err))
	}
	restore := p.Settings.BackTo(found)
	local, err := p.reach(ctx, p.Local)
	if err != nil {
		return p.left(restore, err)
	}
	now, err := p.read(ctx, local)
	switch {
	case err != nil:
		return p.left(restore, err)
	case now.Equal(found) && (p.Settings.Hidden().Empty() || !now.Shows(p.Settings)):
		return nil
	case !now.SettlesTo(p.Settings, p.Alias):
		return p.left(now.BackTo(found), errChangedSince)
	}
	restore = now.ChangeTo(found, p.Settings)
	if err := local.es.PutSettings(ctx, restore); err != nil {
		return p.left(restore, link.WrapCall("setting "+p.Alias+" back on "+local.d.Name, err))
	}
	after, err := p.read(ctx, local)
	if err == nil && !after.Equal(found) {
		err = fmt.Errorf("%s is still set after it was set back: %s", p.Alias, after)
	}
	if err != nil {
		return p.left(restore, err)
	}
	return nil
}

var errChangedSince = errors.New("someone changed these settings after the bot wrote them, so the bot did not touch them")

// left names the settings that stay, with the call that would restore what was there before.
func (p *setRemoteStep) left(restore elastic.Settings, err error) error {
	command := p.byHand(p.Local.Platform, func(c elastic.Calls) []change.Call { return []change.Call{c.PutSettings(restore)} })
	return leftBehind(fmt.Sprintf("the settings %s%s.* on %s (Dev Tools there)", elastic.RemotePrefix, p.Alias, p.Local), command, err)
}
