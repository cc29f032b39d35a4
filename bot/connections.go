package bot

import (
	"container/list"
	"context"
	"net"
	"sync"
)

// MaxConnections is how many connections BoundConnections should keep open for Slack, whose requests take milliseconds.
const MaxConnections = 1000

// BoundConnections returns a listener with at most n open connections that Slack has not signed anything on. One more
// closes the one that has waited longest for a byte, so that somebody who only connects can't keep others out. The
// server over it needs ConnContext.
func BoundConnections(l net.Listener, n int) net.Listener {
	return &boundListener{Listener: l, most: n, byProgress: list.New()}
}

// ConnContext is http.Server's: with it, a connection that has brought something signed is not closed for others.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

type connKey struct{}

// vouch tells the listener that a request of its connection was signed.
func vouch(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*boundConn); ok {
		c.forget()
	}
}

type boundListener struct {
	net.Listener
	most int

	mu         sync.Mutex
	byProgress *list.List // of *boundConn; the one that has waited longest first
}

// Accept waits for the next connection.
func (l *boundListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &boundConn{Conn: conn, listener: l}
	l.mu.Lock()
	c.place = l.byProgress.PushBack(c)
	var oldest *boundConn
	if l.byProgress.Len() > l.most {
		oldest, _ = l.byProgress.Front().Value.(*boundConn)
	}
	l.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close() // its reader hears of it
	}
	return c, nil
}

type boundConn struct {
	net.Conn
	listener *boundListener
	place    *list.Element
}

func (c *boundConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.listener.mu.Lock()
		c.listener.byProgress.MoveToBack(c.place) // does nothing once it is removed
		c.listener.mu.Unlock()
	}
	return n, err
}

func (c *boundConn) Close() error {
	c.forget()
	return c.Conn.Close()
}

func (c *boundConn) forget() {
	c.listener.mu.Lock()
	defer c.listener.mu.Unlock()
	c.listener.byProgress.Remove(c.place) // a second time does nothing
}
