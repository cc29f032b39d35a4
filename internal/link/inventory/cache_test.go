package inventory

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// What is read of a thousand clusters does not go because of one more: the answer that is oldest does.
func TestAFullCacheForgetsTheOldestAlone(t *testing.T) {
	now := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	const most = 3
	c := newCache[int](func() time.Time { return now }, time.Minute, time.Hour, time.Second, most)
	read := func(key string) {
		if _, err := c.get(t.Context(), key, func(context.Context) (int, error) { return 1, nil }); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
	}
	for i := range most {
		read(fmt.Sprint(i))
	}
	now = now.Add(time.Minute)
	_, _, _ = c.latest(t.Context(), "0", time.Minute, func(context.Context) (int, error) { return 2, nil }) // renewed
	read("3")
	for key, want := range map[string]bool{"0": true, "1": false, "2": true, "3": true} {
		if _, ok := c.peek(key, time.Hour); ok != want {
			t.Errorf("%s is remembered: %v, want %v", key, ok, want)
		}
	}
}
