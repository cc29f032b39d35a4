package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

// TestProfilesAreServedOnRequestOnly: they show memory.
func TestProfilesAreServedOnRequestOnly(t *testing.T) {
	t.Parallel()
	for wanted, status := range map[bool]int{false: http.StatusNotFound, true: http.StatusOK} {
		_, a, _ := onStage(t, func(c *config.Config) { c.Metrics.Pprof = wanted })
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap"} {
			w := httptest.NewRecorder()
			a.observations().ServeHTTP(w, httpGet(t, path))
			if w.Code != status {
				t.Errorf("pprof: %v, %s: %d", wanted, path, w.Code)
			}
		}
	}
}
