package change

import "context"

type requestIDKey struct{}

// WithRequestID marks ctx as being about a request, for logs and for the ids that calls carry.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestIDFrom returns the id of the request that ctx is about; empty if it is about none.
func RequestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
