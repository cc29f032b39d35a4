package contract

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// skipped are the reasons for which tests were left out.
var skipped struct {
	sync.Mutex
	reasons []string
}

// TestMain prints what was left out and why: go test keeps that to itself unless it is asked with -v, and a run that
// held nothing against anybody would look like a good one.
func TestMain(m *testing.M) {
	code := m.Run()
	told := map[string]bool{}
	for _, reason := range skipped.reasons {
		if !told[reason] {
			told[reason] = true
			fmt.Println("SKIPPED: " + reason)
		}
	}
	os.Exit(code)
}

// skip skips a test; TestMain tells why.
func skip(t *testing.T, reason string) {
	t.Helper()
	skipped.Lock()
	skipped.reasons = append(skipped.reasons, reason)
	skipped.Unlock()
	t.Skip(reason)
}

// major is the first number of a version; 0 if it does not begin with one.
func major(version string) int {
	first, _, _ := strings.Cut(strings.TrimSpace(version), ".")
	n, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return n
}

func TestVersionsAreNumbers(t *testing.T) {
	for version, want := range map[string]int{"8\n": 8, "20.20.2": 20, "17": 17, "1.8.0_292": 1, "100.0": 100, "": 0, "v20": 0} {
		if got := major(version); got != want {
			t.Errorf("%q: %d, want %d", version, got, want)
		}
	}
}
