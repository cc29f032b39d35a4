package config

import (
	"errors"
	"io/fs"
	"os"
)

// Source is where the configuration and its secrets come from.
type Source struct {
	ReadFile  func(name string) ([]byte, error)
	LookupEnv func(name string) (string, bool)
}

// System reads files and the environment of this process.
func System() Source { return Source{ReadFile: os.ReadFile, LookupEnv: os.LookupEnv} }

// unreadable is a file that could not be read, in words.
type unreadable struct {
	what, name string
	err        error
}

func (e unreadable) Unwrap() error { return e.err }

func (e unreadable) Error() string {
	switch {
	case errors.Is(e.err, fs.ErrNotExist):
		return e.what + " " + e.name + " does not exist"
	case errors.Is(e.err, fs.ErrPermission):
		return e.what + " " + e.name + " may not be read by this user"
	}
	return e.what + " " + e.name + " can't be read: " + e.err.Error()
}
