package rest

import (
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a time value such as "30s"; -1 and 0 need no unit.
func ParseTime(name, s string) (time.Duration, *Error) {
	if s == "-1" || s == "0" {
		return 0, nil
	}
	units := []struct {
		suffix string
		unit   time.Duration
	}{
		{"nanos", 1}, {"micros", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour},
	}
	for _, u := range units {
		number, ok := strings.CutSuffix(strings.ToLower(s), u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil {
			return 0, IllegalArgument("failed to parse [%s]", s)
		}
		return time.Duration(n) * u.unit, nil
	}
	return 0, IllegalArgument("failed to parse setting [%s] with value [%s] as a time value: unit is missing or unrecognized", name, s)
}
