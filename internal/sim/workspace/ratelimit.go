package workspace

import (
	"math"
	"time"
)

// limiter counts calls as Slack's docs describe ("Web API: rate limits"): so many per method and minute, and
// about one message a second for each channel. It runs by the workspace's clock.
type limiter struct {
	scale float64
	used  map[string][]time.Time
}

// take counts a call and returns 0, or the whole seconds to wait without counting it.
func (l *limiter) take(key string, allowed int, window time.Duration, now time.Time) (wait int) {
	if l.scale == 0 || allowed == 0 {
		return 0
	}
	if l.used == nil {
		l.used = map[string][]time.Time{}
	}
	most := max(1, int(float64(allowed)*l.scale))
	recent := l.used[key]
	for len(recent) > 0 && now.Sub(recent[0]) >= window {
		recent = recent[1:]
	}
	if len(recent) >= most {
		l.used[key] = recent
		left := window - now.Sub(recent[len(recent)-most])
		return max(1, int(math.Ceil(left.Seconds())))
	}
	l.used[key] = append(recent, now)
	return 0
}
