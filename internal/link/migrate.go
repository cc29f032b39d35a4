package link

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"

// MaxMigrated is how many aliases may be migrated at once: approvers have to see all that happens to each of them.
const MaxMigrated = 15

// EveryAlias stands in the target of a change that concerns several aliases of a deployment.
const EveryAlias = "*"

// FieldPause is the field of MigrateParams.Pause.
const FieldPause = "pause"

// MigrateParams are the parameters of a migration. Several aliases go together: one that can't be moved takes the others
// back, so that a deployment is never left half on one model and half on the other.
type MigrateParams struct {
	Local      elastic.Ref    `json:"local"`
	Aliases    []string       `json:"aliases"`
	Access     elastic.Access `json:"access"` // of each key
	ExpiryDays int            `json:"expiry_days"`
	Pause      bool           `json:"pause,omitempty"` // what runs through the aliases is paused meanwhile
}

// AccessWarnings are those of a connect for each of the keys.
func (p MigrateParams) AccessWarnings() []string {
	var w WarningList
	if everything(p.Access.Search) {
		w.Add("Each key may search every index of its remote cluster (*).")
	}
	if everything(p.Access.Replication) {
		w.Add("Each key may replicate every index of its remote cluster (*).")
	}
	if p.ExpiryDays == 0 {
		w.Add("The keys never expire.")
	}
	return w
}

// Target is what is held: several aliases hold the deployment's migration as a whole; each is looked at again before it is changed.
func (p MigrateParams) Target() string {
	if len(p.Aliases) == 1 {
		return Target(p.Local, p.Aliases[0])
	}
	return Target(p.Local, EveryAlias)
}
