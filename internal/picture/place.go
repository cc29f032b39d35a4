package picture

import (
	"cmp"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
)

// room is what a column takes: its boxes, and on either side the texts of the lines that begin there.
type room struct{ x, width, before, after float64 }

// turn is where the lines of a side bend, behind the longest text.
func (r room) turn(side float64) float64 {
	if side > 0 {
		return r.x + r.width + r.after
	}
	return r.x - r.before
}

// placeColumns sets the boxes' x, each in the middle of its column.
func (l *layout) placeColumns(g export.Graph, f fonts, edges []ends, column []int) []room {
	rooms := make([]room, slices.Max(append([]int{0}, column...))+1)
	for i, b := range l.boxes {
		rooms[column[i]].width = max(rooms[column[i]].width, b.w)
	}
	for i, e := range edges {
		r, text := &rooms[column[e.from]], widthOf(f.edge, label(g.Edges[i].Label))+textPad+2*textGap
		if out, _ := e.sides(column); out > 0 {
			r.after = max(r.after, text)
		} else {
			r.before = max(r.before, text)
		}
	}
	x := float64(margin + lanePad)
	for c := range rooms {
		r := &rooms[c]
		r.x = x + r.before
		x = r.x + r.width + r.after
		if c < len(rooms)-1 || r.after > 0 {
			x += colGap
		}
	}
	for i := range l.boxes {
		r := rooms[column[i]]
		l.boxes[i].x = r.x + (r.width-l.boxes[i].w)/2
	}
	l.width = x + lanePad + margin
	if !g.Grouped {
		for _, n := range g.Nodes {
			l.width = max(l.width, widthOf(f.group, label(n.Platform))+2*(margin+lanePad))
		}
	}
	return rooms
}

// sweeps are how often nodes are sorted by where their neighbours stand, so that fewer lines cross.
const sweeps = 6

// placeRows sets the boxes' y.
func (l *layout) placeRows(g export.Graph, edges []ends, column []int) {
	type cell struct {
		platform string
		column   int
	}
	cells := map[cell][]int{}
	var platforms []string
	for i, n := range g.Nodes {
		c := cell{n.Platform, column[i]}
		if g.Grouped {
			c.platform = ""
		}
		cells[c] = append(cells[c], i)
		platforms = append(platforms, c.platform)
	}
	slices.Sort(platforms)
	platforms = slices.Compact(platforms)
	columns := slices.Max(append([]int{0}, column...)) + 1
	for range sweeps {
		l.lanes = nil
		y := float64(margin)
		for _, p := range platforms {
			head := float64(laneHead)
			if g.Grouped {
				head = 0
			}
			room := 0.0
			for c := range columns {
				room = max(room, l.heightOfAll(cells[cell{p, c}]))
			}
			for c := range columns {
				all := cells[cell{p, c}]
				top := y + head + (room-l.heightOfAll(all))/2
				for _, i := range all {
					l.boxes[i].y = top
					top += l.boxes[i].h + rowGap
				}
			}
			if !g.Grouped {
				l.lanes = append(l.lanes, lane{p, rect{margin, y, l.width - 2*margin, head + room + lanePad}})
			}
			y += head + room + lanePad + laneGap
		}
		l.height = y - laneGap + margin
		for _, all := range cells {
			slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(l.pull(a, edges), l.pull(b, edges)) })
		}
	}
}

func (l *layout) heightOfAll(nodes []int) float64 {
	h := 0.0
	for _, i := range nodes {
		h += l.boxes[i].h + rowGap
	}
	return max(0, h-rowGap)
}

// pull is the mean height of a node's neighbours; its own where it has none.
func (l *layout) pull(node int, edges []ends) float64 {
	sum, n := 0.0, 0.0
	for _, e := range edges {
		switch node {
		case e.from:
			sum, n = sum+l.boxes[e.to].middle().y, n+1
		case e.to:
			sum, n = sum+l.boxes[e.from].middle().y, n+1
		}
	}
	if n == 0 {
		return l.boxes[node].middle().y
	}
	return sum / n
}
