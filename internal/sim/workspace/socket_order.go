package workspace

import "slices"

// Connections is how many Socket Mode connections take envelopes.
func (w *Workspace) Connections() int { return w.socket.count() }

func (s *socket) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.conns {
		if !c.leaving {
			n++
		}
	}
	return n
}

// AskToReconnect tells every connection to go, as Slack does every few hours; reason is "warning" or
// "refresh_requested". They get no more envelopes and stay until the app closes them.
func (w *Workspace) AskToReconnect(reason string) {
	for _, c := range w.socket.all(func(c *connection) { c.leaving = true }) {
		_ = c.send(object{"type": "disconnect", "reason": reason, "debug_info": debugInfo()})
	}
	w.change(func() {})
}

// DropConnections cuts every connection without a word.
func (w *Workspace) DropConnections() {
	for _, c := range w.socket.all(func(c *connection) { c.leaving = true }) {
		_ = c.ws.Close()
	}
}

// RedeliverUnacked makes envelopes whose connection died unacknowledged go out again over the next one.
func (w *Workspace) RedeliverUnacked(on bool) {
	w.socket.mu.Lock()
	defer w.socket.mu.Unlock()
	w.socket.redeliver = on
}

func (s *socket) all(mark func(*connection)) []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		mark(c)
	}
	return slices.Clone(s.conns)
}

func (s *socket) closeAll() {
	s.mu.Lock()
	s.closed = true
	conns := slices.Clone(s.conns)
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.ws.Close()
	}
	s.running.Wait()
}
