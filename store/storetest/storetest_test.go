package storetest_test

import (
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// Anyone who tests with a server relies on this: it is empty, and its clock goes by Pass alone or at least by Pass.
func TestEachServerIsEmptyAndLetsTimePass(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s storetest.Server) {
		t.Helper()
		if n, err := s.Client.DBSize(t.Context()).Result(); err != nil || n != 0 {
			t.Fatalf("the server holds %d keys (%v)", n, err)
		}
		if err := s.Client.Set(t.Context(), "k", "v", 50*time.Millisecond).Err(); err != nil {
			t.Fatal(err)
		}
		s.Pass(100 * time.Millisecond)
		if n, err := s.Client.Exists(t.Context(), "k").Result(); err != nil || n != 0 {
			t.Errorf("a key outlived its time (%v)", err)
		}
	})
}
