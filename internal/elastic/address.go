package elastic

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
)

// KeyPort is the port of the remote cluster server, which takes API keys. No platform's API tells it; it is in
// Elastic's documentation ("Connect Elastic Cloud Enterprise deployments to an Elastic Cloud organization").
const KeyPort = 9443

// TransportPorts take certificates; a key gets nowhere there. 9300 stood in older versions of Elastic's page.
var TransportPorts = map[int]bool{9400: true, 9300: true}

// httpPorts are those of the HTTP API, which people copy from an endpoint.
var httpPorts = map[int]bool{9243: true, 9200: true}

// CheckPort says what is wrong with a port that takes no remote connections at all; right is the one that does.
func CheckPort(port, right int) error {
	if httpPorts[port] {
		return fmt.Errorf("port %d is for the HTTP API; remote connections use %d", port, right)
	}
	return nil
}

var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?$`)

// CheckAddress says what is wrong with a proxy address, in a sentence for people. It is host:port, as Elasticsearch
// needs it, and under the API key model not at the transport port.
func CheckAddress(address string) error {
	if address == "" {
		return errors.New("a proxy address is required, as host:port")
	}
	if scheme, _, ok := strings.Cut(address, "://"); ok {
		return fmt.Errorf("a proxy address is host:port: leave %q out", scheme+"://")
	}
	if strings.Contains(address, "/") {
		return errors.New("a proxy address is host:port: leave out the / and everything after it")
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("a proxy address is host:port, such as %s", hint(address))
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return fmt.Errorf("%q is not a port; API keys use port %d", text, KeyPort)
	}
	if TransportPorts[port] {
		return fmt.Errorf("port %d is the transport port, for certificates; with an API key use %d", port, KeyPort)
	}
	if err := CheckPort(port, KeyPort); err != nil {
		return err
	}
	if net.ParseIP(host) == nil && !IsHost(host) {
		return fmt.Errorf("%q is not a host name", host)
	}
	return nil
}

// hint is what the address would be with the port for keys; an example where it holds nothing to build on.
func hint(address string) string {
	if host := strings.TrimRight(address, ":"); IsHost(host) {
		return Address(host)
	}
	return Address("example.es.eu-west-1.aws.found.io")
}

// CheckServerName says what is wrong with a server name: it is what the remote's certificate is checked against.
func CheckServerName(name string) error {
	switch {
	case name == "":
		return errors.New("a server name is required: the remote's host name")
	case strings.Contains(name, "://"), strings.ContainsAny(name, "/:"):
		return errors.New("a server name is only a host name, without scheme, port or path")
	case !IsHost(name):
		return fmt.Errorf("%q is not a host name", name)
	}
	return nil
}

// IsHost reports whether s can be the name of a host.
func IsHost(s string) bool { return len(s) <= 253 && hostForm.MatchString(s) }

// Address is where a remote deployment takes API keys: its endpoint at KeyPort.
func Address(endpoint string) string {
	if endpoint == "" {
		return ""
	}
	return net.JoinHostPort(endpoint, strconv.Itoa(KeyPort))
}
