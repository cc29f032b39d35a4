package executortest_test

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/executor/executortest"
)

func TestMem(t *testing.T) {
	executortest.RunQueueInBubble(t, func(*testing.T) executortest.Fixture {
		m := executortest.NewMem(time.Now)
		return executortest.Fixture{Queue: m, Waker: m, Put: m.Put, Get: m.Get, Move: m.Move, Lag: m.Lag, Pass: time.Sleep}
	})
}
