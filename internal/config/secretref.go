package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// SecretRef says where a secret is: {env: NAME} or {file: PATH}. It never stands in the file itself.
type SecretRef struct {
	Env  string `yaml:"env"`
	File string `yaml:"file"`

	value secret.Secret
	cell  *atomic.Pointer[string] // what value reads; shared by all copies, so that a re-read reaches them
}

// Given reports whether the file names a place at all.
func (r SecretRef) Given() bool { return r.Env != "" || r.File != "" }

// Secret returns what was found there when the configuration was read, or at the latest RereadSecrets since.
func (r SecretRef) Secret() secret.Secret { return r.value }

// UnmarshalYAML refuses a value that stands in the file, without printing it.
func (r *SecretRef) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return problemf("line %d: a secret does not stand in the file: write {env: NAME} or {file: PATH}", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch key.Value {
		case "env":
			r.Env = value.Value
		case "file":
			r.File = value.Value
		default:
			return problemf("line %d: a secret is {env: NAME} or {file: PATH}", key.Line)
		}
	}
	if (r.Env == "") == (r.File == "") {
		return problemf("line %d: a secret is either {env: NAME} or {file: PATH}", n.Line)
	}
	return nil
}

// resolve reads the secret. The error says what is wrong with the place, never what was found there.
func (r *SecretRef) resolve(s Source) error {
	var text string
	switch {
	case r.Env != "":
		v, ok := s.LookupEnv(r.Env)
		if !ok {
			return fmt.Errorf("the environment variable %s is not set", r.Env)
		}
		text = v
	case r.File != "":
		raw, err := s.ReadFile(r.File)
		if err != nil {
			return unreadable{"the secret's file", r.File, err}
		}
		text = string(raw)
	default:
		return nil
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return errors.New("the secret is empty")
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return errors.New("the secret holds control characters: is it the right file?")
	}
	if r.cell == nil {
		cell := new(atomic.Pointer[string])
		r.cell, r.value = cell, secret.Func(func() string { return *cell.Load() })
	}
	r.cell.Store(&text)
	return nil
}

// RereadSecrets reads the secrets that lie in files again, for everybody who holds one. It returns the paths of those
// that changed. One that can't be read keeps its value, and is named in the error.
func (c *Config) RereadSecrets(s Source) (changed []string, err error) {
	eachSecret(reflect.ValueOf(c).Elem(), "", func(r *SecretRef, path string) {
		if r.File == "" || r.cell == nil {
			return
		}
		before := *r.cell.Load()
		if e := r.resolve(s); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", path, e))
			return
		}
		if *r.cell.Load() != before {
			changed = append(changed, path)
		}
	})
	return changed, err
}

// Secrets returns every secret of the configuration, for anyone who has to keep them out of a text.
func (c *Config) Secrets() []secret.Secret {
	var all []secret.Secret
	eachSecret(reflect.ValueOf(c).Elem(), "", func(r *SecretRef, _ string) {
		if !r.value.Empty() {
			all = append(all, r.value)
		}
	})
	return all
}

// eachSecret visits each secret below v with its path.
func eachSecret(v reflect.Value, path string, visit func(r *SecretRef, path string)) {
	if v.CanAddr() {
		if ref, ok := reflect.TypeAssert[*SecretRef](v.Addr()); ok {
			visit(ref, path)
			return
		}
	}
	switch v.Kind() { //nolint:exhaustive // nothing else holds a secret
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				eachSecret(v.Field(i), strings.TrimPrefix(path+"."+f.Tag.Get("yaml"), "."), visit)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachSecret(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			eachSecret(v.Elem(), path, visit)
		}
	}
}

// Duration is a time span written as Go writes it, such as 90s or 24h, or in whole days, such as 400d.
type Duration time.Duration

// Std returns it as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes it as Go does.
func (d Duration) String() string { return time.Duration(d).String() }

// UnmarshalYAML reads a span; a bare number has no unit and is refused.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := parseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		return problemf("line %d: a time span needs a unit, such as 90s, 15m, 24h or 30d", n.Line)
	}
	*d = Duration(v)
	return nil
}

// parseDuration reads what Go writes, and whole days.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

// problemf makes an error that the decoder collects with the others instead of stopping at it.
func problemf(format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf(format, args...)}}
}
