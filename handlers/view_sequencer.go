package handlers

import "sync"

// viewSequencer tells redraws of one modal apart: the later choice wins. A turn is held only while its redraw is under way.
type viewSequencer struct {
	mu   sync.Mutex
	n    uint64
	last map[string]uint64
}

func (t *viewSequencer) take(view string) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	t.last[view] = t.n
	return t.n
}

func (t *viewSequencer) latest(view string, turn uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last[view] == turn
}

func (t *viewSequencer) done(view string, turn uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last[view] == turn {
		delete(t.last, view)
	}
}
