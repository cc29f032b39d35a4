package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// TLS is how a server's certificate is checked.
type TLS struct {
	// CAFile is a file with the authorities to trust instead of the system's, in PEM.
	CAFile string `yaml:"ca_file"`
	// ServerName is the name to expect in the certificate, if it is not the host.
	ServerName string `yaml:"server_name"`
	// Insecure says that any certificate is accepted, and addresses that begin with http://. For a trial only.
	Insecure bool `yaml:"insecure"`
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
