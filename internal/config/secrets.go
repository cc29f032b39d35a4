package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

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
