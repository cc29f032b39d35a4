package change

import (
	"context"
	"time"
)

// CallSlot is the leave to send one call that changes something.
type CallSlot struct {
	// SendBy is when it is too late to send it; zero: never. Who was frozen since must not send.
	SendBy time.Time
	// Ended says that the call is over; never nil. certain: it was not sent, or was answered, so nothing of it can happen
	// any more. Without that, anyone who takes over waits until its time is up.
	Ended func(certain bool)
}

// CallGate gives leave for a call that takes at most timeout once it is sent, by noting it where the work is kept. It is asked
// right before the call is sent.
type CallGate func(ctx context.Context, timeout time.Duration) (CallSlot, error)

// CallGateKey is the key of the CallGate in the context of work on a request.
type CallGateKey struct{}

// BeginCall asks the gate in ctx; outside of work on a request there is none.
func BeginCall(ctx context.Context, timeout time.Duration) (CallSlot, error) {
	if gate, ok := ctx.Value(CallGateKey{}).(CallGate); ok {
		return gate(ctx, timeout)
	}
	return CallSlot{Ended: func(bool) {}}, nil
}
