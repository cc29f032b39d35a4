package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Line int    `json:"line,omitempty"` // 0 where the place is not in the file
	Path string `json:"path,omitempty"` // such as platforms[1].url; empty where the file can't be read as what it should be
	Say  string `json:"say"`
}

func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	return b.String() + p.Say
}

// parser collects what is wrong with a configuration.
type parser struct {
	root     yaml.Node
	problems []Problem
}

func (p *parser) add(path, format string, args ...any) {
	line := p.line(path)
	for _, known := range p.problems {
		if known.Path == path || known.Path == "" && known.Line == line {
			return // a value that could not be read is not also missing
		}
	}
	p.problems = append(p.problems, Problem{Line: line, Path: path, Say: fmt.Sprintf(format, args...)})
}

// line finds the line of a path such as platforms[1].url, or of the nearest part of it that is in the file.
func (p *parser) line(path string) int {
	if len(p.root.Content) == 0 {
		return 0
	}
	node, line := p.root.Content[0], 0
	for part := range strings.FieldsFuncSeq(path, func(c rune) bool { return c == '.' || c == '[' || c == ']' }) {
		next := child(node, part)
		if next == nil {
			return line
		}
		node, line = next, next.Line
	}
	return line
}

func child(n *yaml.Node, name string) *yaml.Node {
	switch n.Kind { //nolint:exhaustive // the other kinds have no children by name
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				return n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(name); err == nil && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

func (p *parser) needed(path string, r SecretRef) {
	if !r.Given() {
		p.add(path, "is needed: {env: NAME} or {file: PATH}")
	}
}

func (p *parser) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.add(path, "must be one of %s", strings.Join(allowed, ", "))
	}
}

// webURL checks the address of a service that is sent secrets. how says how its certificate is checked.
func (p *parser) webURL(path, text string, how *TLS) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		p.add(path, "must be a URL that begins with https://")
	case u.User != nil:
		p.add(path, "must not hold a user or password")
	case u.Scheme == "http" && (how == nil || !how.Insecure) && !loopback(u.Hostname()):
		p.add(path, "must begin with https://: http:// shows secrets on the way; for a trial, tls: { insecure: true } allows it")
	}
}

// loopback reports whether what is sent to host does not leave this one.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (p *parser) span(path string, d Duration, from, to time.Duration) {
	if d.Std() < from || d.Std() > to {
		p.add(path, "must lie between %s and %s", from, to)
	}
}

var (
	nameRule    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)
	userRule    = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)
	channelRule = regexp.MustCompile(`^[CG][A-Z0-9]{2,}$`)
	scopeRule   = regexp.MustCompile(`^[a-z0-9]{1,32}$`)
	teamRule    = regexp.MustCompile(`^[TE][A-Z0-9]{2,}$`)
)

const minEncryption = 32
