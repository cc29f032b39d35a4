package app

import "context"

// tellPutAside has the channel told that a request was put aside. It does not hold up the one who met the request.
func (a *App) tellPutAside(ctx context.Context, id string, why error) {
	a.log.ErrorContext(ctx, "put aside", "request", id, "error", why)
	a.asides.Changed()
}

// takenUp has Slack told that a request was requeued or resolved.
func (a *App) takenUp(id string) {
	a.notifier.Changed(id)
	a.asides.Changed()
}
