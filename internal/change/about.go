package change

import "context"

type aboutKey struct{}

// About marks ctx as being about a request, for logs and for the ids that calls carry.
func About(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, aboutKey{}, id)
}

// IDFrom returns the id of the request that ctx is about; empty if it is about none.
func IDFrom(ctx context.Context) string {
	id, _ := ctx.Value(aboutKey{}).(string)
	return id
}
