// Package picture draws who reads whom, as a PNG.
package picture

import (
	"bytes"
	"math"

	"git.sr.ht/~sbinet/gg"
	"golang.org/x/image/font"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
)

const (
	corner = 6 // of a box
	arrow  = 8 // the length of an arrowhead

	sharp     = 2       // pixels for each unit, so that texts are sharp on most screens
	maxPixels = 8 << 20 // of a picture, which are 32 MB while it is drawn
	maxSide   = 10_000

	paper, lanePaper, border = "#ffffff", "#eef1f5", "#8896a4"
	ink, laneInk             = "#1d2b3a", "#52606d"
)

// PNG draws a graph.
func PNG(g export.Graph) ([]byte, error) {
	f, err := newFonts(1)
	if err != nil {
		return nil, err
	}
	l := layoutOf(g, f)
	scale := min(sharp, math.Sqrt(maxPixels/(l.width*l.height)), maxSide/l.width, maxSide/l.height)
	if f, err = newFonts(scale); err != nil {
		return nil, err
	}
	c := canvas{gg.NewContext(int(math.Ceil(l.width*scale)), int(math.Ceil(l.height*scale))), scale, f}
	c.SetHexColor(paper)
	c.Clear()
	c.Scale(scale, scale)
	for _, lane := range l.lanes {
		c.lane(lane)
	}
	for i, e := range g.Edges {
		c.curve(l.curves[i], export.Color(e.State))
	}
	for i, n := range g.Nodes {
		c.box(l.boxes[i], label(n.Label))
	}
	for i, e := range g.Edges { // above all lines, so that none crosses a text
		c.lineText(l.curves[i].text, label(e.Label), export.Color(e.State))
	}
	var out bytes.Buffer
	err = c.EncodePNG(&out)
	return out.Bytes(), err
}

// canvas draws in units of the layout; texts alone have a face for each scale.
type canvas struct {
	*gg.Context
	scale float64
	fonts fonts
}

func (c canvas) lane(l lane) {
	c.DrawRoundedRectangle(l.x, l.y, l.w, l.h, corner)
	c.SetHexColor(lanePaper)
	c.Fill()
	name := label(l.name)
	c.text(c.fonts.group, name, point{l.x + lanePad + widthOf(c.fonts.group, name)/c.scale/2, l.y + laneHead/2}, laneInk)
}

func (c canvas) box(b rect, name string) {
	c.DrawRoundedRectangle(b.x, b.y, b.w, b.h, corner)
	c.SetHexColor(paper)
	c.FillPreserve()
	c.SetHexColor(border)
	c.SetLineWidth(1)
	c.Stroke()
	c.text(c.fonts.node, name, b.middle(), ink)
}

// curve ends with an arrowhead.
func (c canvas) curve(l curve, color string) {
	side := math.Copysign(1, l.bend2.x-l.to.x) // where it comes from
	c.SetHexColor(color)
	c.SetLineWidth(1.6)
	c.MoveTo(l.from.x, l.from.y)
	c.LineTo(l.turn.x, l.turn.y)
	c.CubicTo(l.bend1.x, l.bend1.y, l.bend2.x, l.bend2.y, l.to.x+side*arrow/2, l.to.y)
	c.Stroke()
	c.MoveTo(l.to.x, l.to.y)
	c.LineTo(l.to.x+side*arrow, l.to.y-arrow*0.45)
	c.LineTo(l.to.x+side*arrow, l.to.y+arrow*0.45)
	c.ClosePath()
	c.Fill()
}

func (c canvas) lineText(at rect, text, color string) {
	c.DrawRoundedRectangle(at.x, at.y, at.w, at.h, 3)
	c.SetHexColor(paper)
	c.Fill()
	c.text(c.fonts.edge, text, at.middle(), color)
}

// text writes around a point: without the scale, for a face is drawn at its own size.
func (c canvas) text(face font.Face, text string, at point, color string) {
	c.Push()
	c.Identity()
	c.SetFontFace(face)
	c.SetHexColor(color)
	c.DrawStringAnchored(text, at.x*c.scale, at.y*c.scale, 0.5, 0.35)
	c.Pop()
}
