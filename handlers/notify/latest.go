package notify

import "container/list"

// Latest remembers something for each of the last keys that were put, and forgets the oldest beyond max.
type Latest[V any] struct {
	max    int
	values map[string]*list.Element // of latestEntry[V]
	order  *list.List               // the oldest in front
}

type latestEntry[V any] struct {
	key   string
	value V
}

// NewLatest remembers something for each of the latest keys, at most so many.
func NewLatest[V any](most int) *Latest[V] {
	return &Latest[V]{max: most, values: map[string]*list.Element{}, order: list.New()}
}

// Get is what was put for a key; the zero value, if it was forgotten.
func (l *Latest[V]) Get(key string) (value V) {
	if e, ok := l.values[key]; ok {
		entry, _ := e.Value.(latestEntry[V])
		value = entry.value
	}
	return value
}

// Put remembers a value, and forgets the oldest where there are too many.
func (l *Latest[V]) Put(key string, value V) {
	l.delete(key)
	l.values[key] = l.order.PushBack(latestEntry[V]{key, value})
	if l.order.Len() > l.max {
		entry, _ := l.order.Front().Value.(latestEntry[V])
		l.delete(entry.key)
	}
}

func (l *Latest[V]) delete(key string) {
	if e, ok := l.values[key]; ok {
		l.order.Remove(e)
		delete(l.values, key)
	}
}
