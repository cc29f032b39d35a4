package linktest

import (
	"maps"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// Race is what becomes of an alias whose settings are written while the nodes read its key. It lasts until a setting that
// connections are made by changes: another reload changes nothing.
type Race string

// The outcomes.
const (
	RaceLost    Race = "lost"    // the nodes do not know the alias
	RaceKeyless Race = "keyless" // the connection uses no key
)

// RaceNext makes the next alias that is set come out so.
func (d *Deployment) RaceNext(r Race) { d.locked(func() { d.races = r }) }

// LoseAlias makes the nodes forget an alias that is set.
func (d *Deployment) LoseAlias(alias string) {
	d.locked(func() { d.raced = map[string]Race{alias: RaceLost} })
}

func (d *Deployment) race(next settings) {
	was, is := d.settings.aliases(), next.aliases()
	for _, alias := range was {
		if !maps.Equal(d.settings.connecting(alias), next.connecting(alias)) {
			delete(d.raced, alias)
		}
	}
	for _, alias := range is {
		if d.races != "" && !slices.Contains(was, alias) {
			d.raced, d.races = map[string]Race{alias: d.races}, ""
		}
	}
}

// connecting are the settings of an alias that its connection is made by: skip_unavailable is none of them on 8.x.
func (s settings) connecting(alias string) settings {
	some := settings{}
	for name, value := range s {
		if name.alias == alias && name.option != "skip_unavailable" {
			some[name] = value
		}
	}
	return some
}

// key is what the connection of an alias has for a key.
func (d *Deployment) key(alias string) (secret.Secret, bool) {
	stored, ok := d.loaded["cluster.remote."+alias+".credentials"]
	return stored, ok && d.raced[alias] != RaceKeyless
}
