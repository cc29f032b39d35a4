package export

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
)

// MaxNodes is how many deployments a picture shows by themselves; more are grouped by platform.
const MaxNodes = 60

// Node is a deployment in a picture, or a platform where there are too many deployments.
type Node struct {
	ID       string // of the letters that every language takes for a name
	Label    string
	Platform string
}

// Edge says that From reads from To.
type Edge struct {
	From, To string // ids of nodes
	Label    string
	State    diagnose.State // the worst of what it stands for
}

// Graph is who reads whom.
type Graph struct {
	Nodes   []Node
	Edges   []Edge
	Grouped bool // nodes are platforms
}

// GraphOf is the picture of connections, by their states.
func GraphOf(all []Connection) Graph {
	sides := map[Side]bool{}
	for _, c := range all {
		sides[c.Local.named()], sides[c.Remote.named()] = true, true
	}
	if len(sides) > MaxNodes {
		return grouped(all)
	}
	g := Graph{}
	ids := map[Side]string{}
	for i, s := range slices.SortedFunc(maps.Keys(sides), compareSides) {
		ids[s] = "n" + strconv.Itoa(i+1)
		g.Nodes = append(g.Nodes, Node{ID: ids[s], Label: labelOf(all, s), Platform: s.Platform})
	}
	for _, c := range all {
		label := c.Alias
		if c.State != diagnose.StateWorking {
			label += " (" + string(c.State) + ")"
		}
		g.Edges = append(g.Edges, Edge{From: ids[c.Local.named()], To: ids[c.Remote.named()], Label: label, State: c.State})
	}
	return g
}

// named is a side by its id alone: a deployment may have been renamed between two changes.
func (s Side) named() Side { return Side{Platform: s.Platform, Deployment: s.Deployment} }

func compareSides(a, b Side) int {
	return cmp.Or(cmp.Compare(a.Platform, b.Platform), cmp.Compare(a.Deployment, b.Deployment))
}

// labelOf is the name that the latest change knew a deployment by; its id where none did.
func labelOf(all []Connection, s Side) string {
	label, at := s.Deployment, time.Time{}
	for _, c := range all {
		for _, side := range []Side{c.Local, c.Remote} {
			if side.named() == s && side.Name != s.Deployment && !c.Changed.Before(at) {
				label, at = side.Name, c.Changed
			}
		}
	}
	return label
}

// states are those of connections, the worst first.
var states = []diagnose.State{
	diagnose.StateDown, diagnose.StateRemoved, diagnose.StateDegraded, diagnose.StateOverdue, diagnose.StateExpiring, diagnose.StateDrifted,
	diagnose.StateEnding, diagnose.StateUnreviewed, diagnose.StateNoAnswer, diagnose.StateUnchecked, diagnose.StateWorking,
}

// grouped counts the connections between platforms.
func grouped(all []Connection) Graph {
	type pair struct{ from, to string }
	counts, worst, platforms := map[pair]int{}, map[pair]diagnose.State{}, map[string]bool{}
	for _, c := range all {
		p := pair{c.Local.Platform, c.Remote.Platform}
		counts[p]++
		platforms[p.from], platforms[p.to] = true, true
		if at, ok := worst[p]; !ok || slices.Index(states, c.State) < slices.Index(states, at) {
			worst[p] = c.State
		}
	}
	g := Graph{Grouped: true}
	ids := map[string]string{}
	for i, p := range slices.Sorted(maps.Keys(platforms)) {
		ids[p] = "n" + strconv.Itoa(i+1)
		g.Nodes = append(g.Nodes, Node{ID: ids[p], Label: p, Platform: p})
	}
	for _, p := range slices.SortedFunc(maps.Keys(counts), func(a, b pair) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) }) {
		label := strconv.Itoa(counts[p]) + " connections"
		if counts[p] == 1 {
			label = "1 connection"
		}
		if worst[p] != diagnose.StateWorking {
			label += " (worst: " + string(worst[p]) + ")"
		}
		g.Edges = append(g.Edges, Edge{From: ids[p.from], To: ids[p.to], Label: label, State: worst[p]})
	}
	return g
}

// Color is how a state is drawn: each state has words beside it, for those who see no colors.
func Color(s diagnose.State) string {
	switch s {
	case diagnose.StateDown, diagnose.StateRemoved:
		return "#c0392b"
	case diagnose.StateDegraded, diagnose.StateOverdue, diagnose.StateExpiring, diagnose.StateDrifted, diagnose.StateEnding, diagnose.StateUnreviewed:
		return "#b9770e"
	case diagnose.StateNoAnswer, diagnose.StateUnchecked:
		return "#707b7c"
	case diagnose.StateWorking:
	}
	return "#1e8449"
}

// writeNodes writes the nodes: each platform's in a block of its own, unless they stand for platforms already.
func (g Graph) writeNodes(b *strings.Builder, begin func(number int, platform string) string, node func(Node) string, end string) {
	of := map[string][]Node{}
	for _, n := range g.Nodes {
		of[n.Platform] = append(of[n.Platform], n)
	}
	for i, platform := range slices.Sorted(maps.Keys(of)) {
		indent := "  "
		if !g.Grouped {
			b.WriteString("  " + begin(i+1, platform) + "\n")
			indent = "    "
		}
		for _, n := range of[platform] {
			b.WriteString(indent + node(n) + "\n")
		}
		if !g.Grouped {
			b.WriteString("  " + end + "\n")
		}
	}
}

// DOT writes the picture for Graphviz.
func DOT(w io.Writer, all []Connection) error {
	g := GraphOf(all)
	var b strings.Builder
	b.WriteString("digraph connections {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n")
	g.writeNodes(&b,
		func(number int, platform string) string {
			return fmt.Sprintf("subgraph cluster_%d {\n    label=%s;", number, dotText(platform))
		},
		func(n Node) string { return fmt.Sprintf("%s [label=%s];", n.ID, dotText(n.Label)) }, "}")
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "  %s -> %s [label=%s, color=%s];\n", e.From, e.To, dotText(e.Label), dotText(Color(e.State)))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ")

func dotText(s string) string { return `"` + dotEscapes.Replace(s) + `"` }

// Mermaid writes the picture as a flowchart, which GitHub, GitLab and many wikis draw.
func Mermaid(w io.Writer, all []Connection) error {
	g := GraphOf(all)
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	g.writeNodes(&b,
		func(number int, platform string) string {
			return fmt.Sprintf("subgraph p%d[%s]", number, mermaidText(platform))
		},
		func(n Node) string { return fmt.Sprintf("%s[%s]", n.ID, mermaidText(n.Label)) }, "end")
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "  %s -->|%s| %s\n", e.From, mermaidText(e.Label), e.To)
	}
	for i, e := range g.Edges {
		fmt.Fprintf(&b, "  linkStyle %d stroke:%s\n", i, Color(e.State))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidEscapes writes what ends a text, or begins an entity or markup, as a character reference.
var mermaidEscapes = strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "#96;", "\n", " ", "\r", " ")

func mermaidText(s string) string { return `"` + mermaidEscapes.Replace(s) + `"` }
