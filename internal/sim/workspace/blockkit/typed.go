package blockkit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// Validate holds a typed value against what Slack's client itself demands; empty if it is fine.
func Validate(e object, text string) string {
	n := utf8.RuneCountInString(text)
	if least, ok := field.Number(e, "min_length"); ok && n < int(least) {
		return fmt.Sprintf("Please enter at least %d characters", int(least))
	}
	if most, ok := field.Number(e, "max_length"); ok && n > int(most) {
		return fmt.Sprintf("Please enter no more than %d characters", int(most))
	}
	switch field.Str(e, "type") {
	case "number_input":
		return validNumber(e, text)
	case "email_text_input":
		if !strings.Contains(strings.Trim(text, "@"), "@") || strings.ContainsAny(text, " \t") {
			return "Please enter a valid email address"
		}
	case "url_text_input":
		if !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") {
			return "Please enter a valid URL"
		}
	case "datepicker":
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return "Please enter a valid date"
		}
	case "timepicker":
		if _, err := time.Parse("15:04", text); err != nil {
			return "Please enter a valid time"
		}
	}
	return ""
}

func validNumber(e object, text string) string {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "Please enter a number"
	}
	if !field.Flag(e, "is_decimal_allowed") && n != float64(int64(n)) {
		return "Please enter a whole number"
	}
	if low, err := strconv.ParseFloat(field.Str(e, "min_value"), 64); err == nil && n < low {
		return "Please enter a number of at least " + field.Str(e, "min_value")
	}
	if high, err := strconv.ParseFloat(field.Str(e, "max_value"), 64); err == nil && n > high {
		return "Please enter a number of at most " + field.Str(e, "max_value")
	}
	return ""
}
