package picture

import (
	"cmp"
	"math"
	"slices"

	"golang.org/x/image/font"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
)

// Distances, in units that are pixels where nothing is scaled.
const (
	margin   = 16
	padX     = 14 // between a box and its text
	minBox   = 34 // the height of a box with few lines
	portRoom = 16 // on the side of a box, for each line
	rowGap   = 18 // between boxes of a column
	laneGap  = 12
	laneHead = 26 // above the boxes of a lane, for its name
	lanePad  = 14
	colGap   = 90 // between columns, beside the texts of lines

	textHeight = edgeSize * 1.4
	textPad    = 6 // around the text of a line
	textGap    = 8 // before it
)

type point struct{ x, y float64 }

type rect struct{ x, y, w, h float64 } // x and y of its left upper corner

func (r rect) middle() point { return point{r.x + r.w/2, r.y + r.h/2} }

// lane is a row with the deployments of a platform.
type lane struct {
	name string
	rect
}

// curve leaves one box straight, as far as the texts of its column reach, and then bends to another one.
type curve struct {
	from, turn, bend1, bend2, to point
	text                         rect
}

// layout is where everything goes: those that read to the left of those that they read, and a lane for each platform.
type layout struct {
	width, height float64
	lanes         []lane  // none where nodes are platforms themselves
	boxes         []rect  // of the nodes, in their order
	curves        []curve // of the edges, in their order
}

// ends are the indices of an edge's nodes.
type ends struct{ from, to int }

func layoutOf(g export.Graph, f fonts) layout {
	index := map[string]int{}
	for i, n := range g.Nodes {
		index[n.ID] = i
	}
	edges := make([]ends, len(g.Edges))
	for i, e := range g.Edges {
		edges[i] = ends{index[e.From], index[e.To]}
	}
	l := layout{boxes: make([]rect, len(g.Nodes))}
	column := columnsOf(len(g.Nodes), edges)
	for i, n := range g.Nodes {
		l.boxes[i].w, l.boxes[i].h = widthOf(f.node, label(n.Label))+2*padX, heightOf(i, edges, column)
	}
	rooms := l.placeColumns(g, f, edges, column)
	l.placeRows(g, edges, column)
	l.connect(g, f.edge, edges, column, rooms)
	return l
}

// sides are the sides of its two boxes that an edge begins and ends at: 1 is the right one, -1 the left.
func (e ends) sides(column []int) (out, in float64) {
	switch {
	case column[e.from] < column[e.to]:
		return 1, -1
	case column[e.from] > column[e.to]:
		return -1, 1
	}
	return 1, 1
}

// heightOf has room for the lines on either side of a node.
func heightOf(node int, edges []ends, column []int) float64 {
	lines := map[float64]int{}
	for _, e := range edges {
		out, in := e.sides(column)
		if e.from == node {
			lines[out]++
		}
		if e.to == node {
			lines[in]++
		}
	}
	return max(minBox, portRoom*float64(1+max(lines[-1], lines[1])))
}

// port is where an edge touches a side of a box.
type port struct {
	edge    int
	arrives bool
	far     float64 // the height of its other end
}

// connect draws the lines from box to box. Their texts stand in a row beside the box that they begin at, one to a port, and
// all lines of the column bend behind the longest: so each text is on its own line, and covers no other.
func (l *layout) connect(g export.Graph, face font.Face, edges []ends, column []int, r []room) {
	type side struct {
		node int
		side float64
	}
	ports := map[side][]port{}
	for i, e := range edges {
		out, in := e.sides(column)
		ports[side{e.from, out}] = append(ports[side{e.from, out}], port{i, false, l.boxes[e.to].middle().y})
		ports[side{e.to, in}] = append(ports[side{e.to, in}], port{i, true, l.boxes[e.from].middle().y})
	}
	l.curves = make([]curve, len(edges))
	for s, all := range ports {
		slices.SortStableFunc(all, func(a, b port) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.edge, b.edge)) })
		b := l.boxes[s.node]
		for k, p := range all {
			at := point{b.middle().x + s.side*b.w/2, b.y + b.h*float64(k+1)/float64(len(all)+1)}
			if p.arrives {
				l.curves[p.edge].to = at
			} else {
				l.curves[p.edge].from = at
			}
		}
	}
	for i, e := range edges {
		c := &l.curves[i]
		out, in := e.sides(column)
		w := widthOf(face, label(g.Edges[i].Label)) + textPad
		c.turn = point{r[column[e.from]].turn(out), c.from.y}
		bend := max(colGap/2, math.Abs(c.to.x-c.turn.x)/2)
		c.bend1, c.bend2 = point{c.turn.x + out*bend, c.turn.y}, point{c.to.x + in*bend, c.to.y}
		if out == in {
			c.bend2.x = c.bend1.x
		}
		c.text = rect{c.from.x + out*(textGap+w/2) - w/2, c.from.y - textHeight/2, w, textHeight}
	}
}
