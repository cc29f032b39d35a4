package config

import _ "embed"

// Example is a complete configuration with comments; the demo runs with it.
//
//go:embed example.yaml
var Example []byte
