package handlers

import "container/list"

// latest remembers something for each of the last keys that were put, and forgets the oldest beyond max.
type latest[V any] struct {
	max    int
	values map[string]*list.Element // of latestEntry[V]
	order  *list.List               // the oldest in front
}

type latestEntry[V any] struct {
	key   string
	value V
}

func newLatest[V any](most int) *latest[V] {
	return &latest[V]{max: most, values: map[string]*list.Element{}, order: list.New()}
}

func (l *latest[V]) get(key string) (value V) {
	if e, ok := l.values[key]; ok {
		entry, _ := e.Value.(latestEntry[V])
		value = entry.value
	}
	return value
}

func (l *latest[V]) put(key string, value V) {
	l.delete(key)
	l.values[key] = l.order.PushBack(latestEntry[V]{key, value})
	if l.order.Len() > l.max {
		entry, _ := l.order.Front().Value.(latestEntry[V])
		l.delete(entry.key)
	}
}

func (l *latest[V]) delete(key string) {
	if e, ok := l.values[key]; ok {
		l.order.Remove(e)
		delete(l.values, key)
	}
}
