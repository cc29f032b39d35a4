package workspace

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// validate holds a typed value against what Slack's client itself demands; empty if it is fine.
func validate(e object, text string) string {
	n := utf8.RuneCountInString(text)
	if least, ok := number(e, "min_length"); ok && n < int(least) {
		return fmt.Sprintf("Please enter at least %d characters", int(least))
	}
	if most, ok := number(e, "max_length"); ok && n > int(most) {
		return fmt.Sprintf("Please enter no more than %d characters", int(most))
	}
	switch str(e, "type") {
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
	if !flag(e, "is_decimal_allowed") && n != float64(int64(n)) {
		return "Please enter a whole number"
	}
	if low, err := strconv.ParseFloat(str(e, "min_value"), 64); err == nil && n < low {
		return "Please enter a number of at least " + str(e, "min_value")
	}
	if high, err := strconv.ParseFloat(str(e, "max_value"), 64); err == nil && n > high {
		return "Please enter a number of at most " + str(e, "max_value")
	}
	return ""
}
