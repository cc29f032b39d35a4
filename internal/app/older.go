package app

import (
	"context"
	"log/slog"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
)

// older says once whether the database is older than what is known of it elsewhere.
type older struct {
	compare func(context.Context) doctor.Finding
	log     *slog.Logger
	done    bool
}

// tell compares, unless that has been done. It must come before anything is written that would hide the difference.
func (o *older) tell(ctx context.Context) {
	if o == nil || o.done {
		return
	}
	f := o.compare(ctx)
	o.done = f.Level != doctor.Unknown
	if f.Level == doctor.Bad {
		o.log.ErrorContext(ctx, "the database is not as it was", "check", f.Check, "finding", f.Say, "mend", f.Mend)
	}
}
