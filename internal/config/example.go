package config

import (
	"bytes"
	_ "embed"
)

// Example is a complete configuration with comments; the demo runs with it.
//
//go:embed example.yaml
var Example []byte

// ExampleDeployment is the id of a deployment in Example.
const ExampleDeployment = "1f2e3d4c5b6a79880123456789abcdef"

//go:embed self_managed.yaml
var selfManagedPlatforms []byte

// ExampleSelfManaged is Example with self-managed clusters instead of ECE and Elastic Cloud.
func ExampleSelfManaged() []byte {
	before, rest, _ := bytes.Cut(Example, []byte("\nplatforms:"))
	_, after, _ := bytes.Cut(rest, []byte("\nwatch:"))
	_, before, _ = bytes.Cut(before, []byte("\n\n")) // what is said of the demo
	return bytes.Join([][]byte{before, selfManagedPlatforms, append([]byte("watch:"), after...)}, []byte("\n"))
}
