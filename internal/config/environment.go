package config

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
)

// EnvironmentName is the variable that takes a field's place in the file, such as RCB_SLACK_CHANNEL for slack.channel; empty
// where there is none: lists, secrets (which name a variable of their own), who approves, and what makes the bot less careful.
func EnvironmentName(path string, t reflect.Type) string {
	first, _, _ := strings.Cut(path, ".")
	if first == "policy" || first == "approvals" || strings.HasSuffix(path, ".insecure") || strings.Contains(path, "[") {
		return ""
	}
	switch t.Kind() { //nolint:exhaustive // the others are no scalars
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return "RCB_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
	}
	return ""
}

// followEnvironment lets variables take the place of what the file says. A section that only they speak of comes to be.
func followEnvironment(v reflect.Value, path string, lookup func(string) (string, bool), problem func(path, format string, args ...any)) (found bool) {
	for f := range v.Type().Fields() {
		name := f.Tag.Get("yaml")
		if !f.IsExported() || name == "" {
			continue
		}
		at, field := strings.TrimPrefix(path+"."+name, "."), v.FieldByIndex(f.Index)
		section := f.Type
		if section.Kind() == reflect.Pointer {
			section = section.Elem()
		}
		switch variable := EnvironmentName(at, f.Type); {
		case section == reflect.TypeFor[SecretRef]():
		case section.Kind() == reflect.Struct && f.Type.Kind() == reflect.Pointer && field.IsNil():
			if fresh := reflect.New(section); followEnvironment(fresh.Elem(), at, lookup, problem) {
				field.Set(fresh)
				found = true
			}
		case section.Kind() == reflect.Struct:
			found = followEnvironment(reflect.Indirect(field), at, lookup, problem) || found
		case variable != "":
			text, ok := lookup(variable)
			if !ok {
				continue
			}
			found = true
			if err := setScalar(field, strings.TrimSpace(text)); err != nil {
				problem(at, "%s in the environment: %v", variable, err)
			}
		}
	}
	return found
}

func setScalar(v reflect.Value, text string) (err error) {
	if v.Type() == reflect.TypeFor[Duration]() {
		d, err := parseDuration(text)
		v.SetInt(int64(d))
		if err != nil {
			return errors.New("a time span needs a unit, such as 90s, 15m, 24h or 30d")
		}
		return nil
	}
	switch v.Kind() { //nolint:exhaustive // EnvironmentName lets no other through
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, e := strconv.ParseBool(text)
		if err = e; e == nil {
			v.SetBool(b)
		}
	case reflect.Int, reflect.Int64:
		n, e := strconv.ParseInt(text, 10, 64)
		if err = e; e == nil {
			v.SetInt(n)
		}
	case reflect.Float64:
		n, e := strconv.ParseFloat(text, 64)
		if err = e; e == nil {
			v.SetFloat(n)
		}
	}
	switch {
	case err == nil:
		return nil
	case v.Kind() == reflect.Bool:
		return errors.New("must be true or false")
	}
	return errors.New("must be a number")
}
