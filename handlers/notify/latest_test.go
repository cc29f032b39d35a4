package notify

import (
	"fmt"
	"testing"
)

func TestLatestForgetsTheOldest(t *testing.T) {
	l := NewLatest[int](3)
	for n := range 4 {
		l.Put(fmt.Sprint(n%3), n) // 0 is put twice
	}
	l.Put("3", 3)
	for key, want := range map[string]int{"0": 3, "1": 0, "2": 2, "3": 3} {
		if got := l.Get(key); got != want {
			t.Errorf("of %s it remembers %d, want %d", key, got, want)
		}
	}
	l.delete("0")
	l.delete("never")
	if l.Get("0") != 0 || len(l.values) != 2 || l.order.Len() != 2 {
		t.Errorf("%d are left", len(l.values))
	}
}
