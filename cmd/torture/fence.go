package main

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
)

// inspectFence: once a worker has been taken over from, it writes nothing more, neither to Redis nor to Elastic, but
// for the one call that may have been in flight; and none that arrives after its successor began to write.
func inspectFence(f *findings, audit []change.AuditLine, calls []fault.Call) {
	claims := map[string][]time.Time{} // by request: when each epoch began
	holder := map[string]string{}
	for _, l := range audit {
		e := l.Entry
		switch {
		case e.What == string(change.Start), e.What == "claim", e.What == "take_over":
			claims[e.Request] = append(claims[e.Request], e.At)
			holder[e.Request] = e.Worker
		case e.Request == "": // of another policy
		case e.Worker != "" && e.Worker != holder[e.Request]:
			f.add("%s: %s wrote %s into the journal, but %s held it", e.Request, e.Worker, e.What, holder[e.Request])
		}
	}
	latest, late := map[string]int{}, map[string]int{}
	slices.SortStableFunc(calls, func(a, b fault.Call) int { return a.At.Compare(b.At) })
	for _, c := range calls {
		id, epoch, ok := claimOf(c)
		if !ok || !writes(c) {
			continue
		}
		if epoch < latest[id] {
			f.add("%s: epoch %d wrote after epoch %d: %s %s %s", id, epoch, latest[id], c.System, c.Method, c.Path)
		}
		latest[id] = max(latest[id], epoch)
		if epoch < len(claims[id]) && c.At.After(claims[id][epoch].Add(5*time.Millisecond)) {
			if late[c.From]++; late[c.From] > 1 {
				f.add("%s: epoch %d made %d writes after it was taken over: %s %s", id, epoch, late[c.From], c.Method, c.Path)
			}
		}
	}
}

// claimOf reads X-Opaque-Id: "<request>#<epoch> <worker>".
func claimOf(c fault.Call) (id string, epoch int, ok bool) {
	who, _, _ := strings.Cut(c.From, " ")
	id, number, ok := strings.Cut(who, "#")
	epoch, err := strconv.Atoi(number)
	return id, epoch, ok && err == nil
}

// writes reports whether a call changes something.
func writes(c fault.Call) bool {
	switch cmp.Or(c.Method, http.MethodGet) {
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	case http.MethodPost:
		for _, write := range []string{"/api_key", "/keystore", "/associations", "/rulesets", "/_restart"} {
			if strings.HasSuffix(c.Path, write) {
				return true
			}
		}
	}
	return false
}
