package config

import (
	"bytes"
	_ "embed"
	"strings"
)

// Example is a complete configuration with comments; the demo runs with it.
//
//go:embed example.yaml
var Example []byte

// ExampleDeployment is the id of a deployment in Example.
const ExampleDeployment = "1f2e3d4c5b6a79880123456789abcdef"

// InSocketMode is an example with the bot calling Slack, instead of Slack calling the bot.
func InSocketMode(example []byte) []byte {
	text := string(example)
	for _, change := range [][2]string{
		{`  mode: http # Slack calls the bot; "socket" needs no inbound access but an app_token` + "\n", `  mode: socket # the bot calls Slack; "http" needs a listen address and a signing_secret` + "\n"},
		{`  listen: "127.0.0.1:8080" # in a container ":8080"` + "\n", ""},
		{"  signing_secret: { env: SLACK_SIGNING_SECRET }\n", "  app_token: { env: SLACK_APP_TOKEN } # begins with xapp-\n"},
	} {
		text = strings.Replace(text, change[0], change[1], 1)
	}
	return []byte(text)
}

//go:embed self_managed.yaml
var selfManagedPlatforms []byte

// ExampleSelfManaged is Example with self-managed clusters instead of ECE and Elastic Cloud.
func ExampleSelfManaged() []byte {
	before, rest, _ := bytes.Cut(Example, []byte("\nplatforms:"))
	_, after, _ := bytes.Cut(rest, []byte("\nwatch:"))
	_, before, _ = bytes.Cut(before, []byte("\n\n")) // what is said of the demo
	return bytes.Join([][]byte{before, selfManagedPlatforms, append([]byte("watch:"), after...)}, []byte("\n"))
}
