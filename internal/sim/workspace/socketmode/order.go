package socketmode

import "slices"

// Connections is how many connections take envelopes.
func (s *Server) Connections() int {
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
func (s *Server) AskToReconnect(reason string) {
	for _, c := range s.all(func(c *connection) { c.leaving = true }) {
		_ = c.send(object{"type": "disconnect", "reason": reason, "debug_info": debugInfo()})
	}
	s.changed()
}

// DropConnections cuts every connection without a word.
func (s *Server) DropConnections() {
	for _, c := range s.all(func(c *connection) { c.leaving = true }) {
		_ = c.ws.Close()
	}
}

// RedeliverUnacked makes envelopes whose connection died unacknowledged go out again over the next one.
func (s *Server) RedeliverUnacked(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redeliver = on
}

func (s *Server) all(mark func(*connection)) []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		mark(c)
	}
	return slices.Clone(s.conns)
}

// Close ends every connection and waits until nothing of them runs any more.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	conns := slices.Clone(s.conns)
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.ws.Close()
	}
	s.running.Wait()
}
