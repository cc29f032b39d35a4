package picture

import (
	"bytes"
	"flag"
	"fmt"
	"image/color"
	"image/png"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
)

func example() export.Graph {
	return export.Graph{
		Nodes: []export.Node{
			{ID: "n1", Label: "logs-prod", Platform: "ece-prod"},
			{ID: "n2", Label: "search-ui", Platform: "ece-prod"},
			{ID: "n3", Label: "metrics-eu", Platform: "elastic-cloud"},
			{ID: "n4", Label: "apm", Platform: "elastic-cloud"},
			{ID: "n5", Label: "search-dc", Platform: "datacentre"},
		},
		Edges: []export.Edge{
			{From: "n1", To: "n3", Label: "metrics-eu", State: diagnose.StateWorking},
			{From: "n2", To: "n3", Label: "metrics (down)", State: diagnose.StateDown},
			{From: "n2", To: "n4", Label: "apm (degraded)", State: diagnose.StateDegraded},
			{From: "n3", To: "n5", Label: "dc (not checked)", State: diagnose.StateUnchecked},
			{From: "n4", To: "n2", Label: "ui", State: diagnose.StateWorking},
			{From: "n5", To: "n5", Label: "own", State: diagnose.StateWorking},
		},
	}
}

// text is a layout that people can read, and compare.
func (l layout) text(g export.Graph) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.0f x %.0f\n", l.width, l.height)
	for _, lane := range l.lanes {
		fmt.Fprintf(&b, "lane %s: %s\n", lane.name, lane.text())
	}
	for i, n := range g.Nodes {
		fmt.Fprintf(&b, "box %s: %s\n", n.Label, l.boxes[i].text())
	}
	for i, e := range g.Edges {
		c := l.curves[i]
		fmt.Fprintf(&b, "line %s: %.0f,%.0f to %.0f,%.0f, text %s\n", e.Label, c.from.x, c.from.y, c.to.x, c.to.y, c.text.text())
	}
	return b.String()
}

func (r rect) text() string { return fmt.Sprintf("%.0f,%.0f %.0f x %.0f", r.x, r.y, r.w, r.h) }

func laidOut(t interface{ Fatal(...any) }, g export.Graph) layout {
	f, err := newFonts(1)
	if err != nil {
		t.Fatal(err)
	}
	return layoutOf(g, f)
}

// Whatever reads whatever: no box covers another, each is in its platform's lane, texts cover nothing, and
// the same graph gives the same picture.
func TestEverythingHasItsPlace(t *testing.T) {
	t.Parallel()
	states := []diagnose.State{diagnose.StateWorking, diagnose.StateDown, diagnose.StateUnchecked}
	rapid.Check(t, func(t *rapid.T) {
		var g export.Graph
		g.Grouped = rapid.Bool().Draw(t, "grouped")
		nodes := rapid.IntRange(1, 12).Draw(t, "nodes")
		for i := range nodes {
			g.Nodes = append(g.Nodes, export.Node{
				ID: "n" + strconv.Itoa(i), Label: rapid.StringN(0, 60, -1).Draw(t, "label"), Platform: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "platform"),
			})
		}
		for range rapid.IntRange(0, 20).Draw(t, "edges") {
			node := rapid.SampledFrom(g.Nodes)
			g.Edges = append(g.Edges, export.Edge{
				From: node.Draw(t, "from").ID, To: node.Draw(t, "to").ID, Label: rapid.StringN(0, 50, -1).Draw(t, "text"), State: rapid.SampledFrom(states).Draw(t, "state"),
			})
		}
		l := laidOut(t, g)
		whole := rect{0, 0, l.width, l.height}
		for i, b := range l.boxes {
			for j := range i {
				if b.overlaps(l.boxes[j]) {
					t.Errorf("boxes %d and %d overlap in\n%s", i, j, l.text(g))
				}
			}
			in := whole
			for _, lane := range l.lanes {
				if lane.name == g.Nodes[i].Platform {
					in = lane.rect
				}
			}
			if !in.holds(b) {
				t.Errorf("box %d is outside of its lane in\n%s", i, l.text(g))
			}
		}
		for i, c := range l.curves {
			if !whole.holds(c.text) {
				t.Errorf("the text of line %d is outside of the picture in\n%s", i, l.text(g))
			}
			for j := range i {
				if c.text.overlaps(l.curves[j].text) {
					t.Errorf("the texts of lines %d and %d overlap in\n%s", i, j, l.text(g))
				}
			}
			if slices.ContainsFunc(l.boxes, c.text.overlaps) {
				t.Errorf("the text of line %d covers a box in\n%s", i, l.text(g))
			}
		}
		if again := laidOut(t, g).text(g); again != l.text(g) {
			t.Errorf("another layout of the same graph:\n%s\n%s", l.text(g), again)
		}
	})
}

func (r rect) overlaps(o rect) bool {
	return r.x < o.x+o.w && o.x < r.x+r.w && r.y < o.y+o.h && o.y < r.y+r.h
}

func (r rect) holds(o rect) bool {
	return o.x >= r.x && o.y >= r.y && o.x+o.w <= r.x+r.w && o.y+o.h <= r.y+r.h
}

// Who reads stands to the left, as far as nobody reads in a circle.
func TestReadersStandToTheLeft(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		edges []ends
		want  []int
	}{
		{"a chain", []ends{{0, 1}, {1, 2}}, []int{0, 1, 2}},
		{"beside what it reads", []ends{{0, 1}, {1, 2}, {3, 2}}, []int{0, 1, 2, 1}},
		{"a circle", []ends{{0, 1}, {1, 0}, {1, 2}}, []int{0, 1, 2}},
		{"itself", []ends{{0, 0}, {0, 1}}, []int{0, 1}},
		{"a way in and a circle behind it", []ends{{2, 1}, {1, 0}, {0, 1}}, []int{2, 1, 0}},
	} {
		got := columnsOf(len(test.want), test.edges)
		if fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: columns %v, not %v", test.name, got, test.want)
		}
	}
}

// The picture has the colors of the states that it shows, and no other state's.
func TestPictureIsColouredByState(t *testing.T) {
	t.Parallel()
	g := example()
	for i := range g.Edges {
		if g.Edges[i].State == diagnose.StateDegraded {
			g.Edges[i].State = diagnose.StateWorking
		}
	}
	drawn, err := PNG(g)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	size := picture.Bounds()
	for x := range size.Dx() {
		for y := range size.Dy() {
			c, _ := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			count[fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)]++
		}
	}
	for state, want := range map[diagnose.State]bool{
		diagnose.StateWorking: true, diagnose.StateDown: true, diagnose.StateUnchecked: true, diagnose.StateDegraded: false,
	} {
		if n := count[export.Color(state)]; (n > 100) != want {
			t.Errorf("%s: %d pixels of %s", state, n, export.Color(state))
		}
	}
	if l := laidOut(t, g); size.Dx() != int(l.width*sharp+0.999) {
		t.Errorf("%v pixels for a layout of %.1f x %.1f", size, l.width, l.height)
	}
}

// A picture of more than a client can show is drawn smaller.
func TestLargePicturesAreScaled(t *testing.T) {
	t.Parallel()
	var g export.Graph
	for i := range export.MaxNodes {
		g.Nodes = append(g.Nodes, export.Node{ID: "n" + strconv.Itoa(i), Label: strings.Repeat("w", 60), Platform: "a"})
		if i > 0 {
			g.Edges = append(g.Edges, export.Edge{From: "n" + strconv.Itoa(i-1), To: "n" + strconv.Itoa(i), Label: strings.Repeat("w", 60)})
		}
	}
	drawn, err := PNG(g)
	if err != nil {
		t.Fatal(err)
	}
	size, err := png.DecodeConfig(bytes.NewReader(drawn))
	if err != nil || size.Width > maxSide+1 || size.Width*size.Height > maxPixels+maxSide {
		t.Errorf("%v, %v", size, err)
	}
}

func TestLabelIsOneShortLine(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"logs-prod":                "logs-prod",
		"a\nb\u202e c":             "a b c",
		strings.Repeat("ä", 40):    strings.Repeat("ä", 18) + "…" + strings.Repeat("ä", 17),
		strings.Repeat("x", 36):    strings.Repeat("x", 36),
		"\x00":                     "",
		"two  spaces, then a\ttab": "two spaces, then a tab",
	} {
		if got := label(typed); got != want {
			t.Errorf("%q: %q, not %q", typed, got, want)
		}
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

func TestLayoutOfAnExample(t *testing.T) {
	t.Parallel()
	const path = "testdata/layout.golden.txt"
	got := laidOut(t, example()).text(example())
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}
