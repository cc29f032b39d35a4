package store_test

import (
	"flag"
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // they wait more than they compute
		panic(err)
	}
	logging.Disable() // servers die here on purpose, and the client says so of each connection
	goleak.VerifyTestMain(m)
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, server storetest.Server) {
		t.Helper()
		changetest.RunStore(t, func(*testing.T) changetest.Fixture {
			f := changetest.Fixture{Store: server.Store(), Now: server.Now}
			if server.Mini != nil {
				f.Pass = server.Pass
			}
			return f
		})
	})
}
