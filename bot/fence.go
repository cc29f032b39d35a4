package bot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// errExpired is a call that was not sent, because the one who asked for it had no time left.
var errExpired = errors.New("the time for this call had run out before it was sent")

// inTime reports whether ctx still has time. A process that was frozen past its deadline wakes up with a timer that has
// not fired yet, so the deadline is compared with the clock as well; and with the wall clock, because the monotonic one
// stands still while a machine is suspended. What it would send is what somebody else has said better since.
func inTime(ctx context.Context, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	deadline, ok := ctx.Deadline()
	if ok && (!now.Before(deadline) || !now.Round(0).Before(deadline.Round(0))) {
		return errExpired
	}
	return nil
}

// fence makes req ask for the time once more when its body is about to be written: dialing may have taken long. late
// tells whether it was too late then. At most the headers of such a call have left, which say nothing without a body.
func fence(ctx context.Context, req *http.Request, payload []byte, now func() time.Time) (late *atomic.Bool) {
	late = new(atomic.Bool)
	body := func() (io.ReadCloser, error) {
		return &fencedBody{Reader: bytes.NewReader(payload), open: func() error {
			err := inTime(ctx, now())
			if err != nil {
				late.Store(true)
			}
			return err
		}}, nil
	}
	req.Body, _ = body()
	req.GetBody, req.ContentLength = body, int64(len(payload))
	return late
}

type fencedBody struct {
	*bytes.Reader
	open  func() error
	begun bool
}

// Read hands out nothing once the time is over. What has begun is finished.
func (b *fencedBody) Read(p []byte) (int, error) {
	if !b.begun {
		if err := b.open(); err != nil {
			return 0, err
		}
		b.begun = true
	}
	return b.Reader.Read(p)
}

// WriteTo is not the reader's: that one would go past Read.
func (b *fencedBody) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{b})
}

// Close has nothing to do.
func (b *fencedBody) Close() error { return nil }
