package config

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

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
