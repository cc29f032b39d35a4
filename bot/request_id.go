package bot

import "context"

type requestIDKey struct{}

// RequestID is the id of the event that ctx belongs to, for logs and for messages to people; empty outside one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
