package picture

import (
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
)

// Sizes of texts.
const (
	nodeSize  = 14
	edgeSize  = 11
	groupSize = 12
)

// fonts are Go's own: they have Latin, Greek and Cyrillic letters, and a box for any other.
type fonts struct{ node, edge, group font.Face }

func newFonts(scale float64) (f fonts, err error) {
	for _, want := range []struct {
		to   *font.Face
		ttf  []byte
		size float64
	}{{&f.node, goregular.TTF, nodeSize}, {&f.edge, goregular.TTF, edgeSize}, {&f.group, gobold.TTF, groupSize}} {
		parsed, err := opentype.Parse(want.ttf)
		if err != nil {
			return f, err
		}
		*want.to, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: want.size * scale, DPI: 72})
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func widthOf(face font.Face, s string) float64 { return float64(font.MeasureString(face, s)) / 64 }

// maxLabel is how many characters of a text a picture shows.
const maxLabel = 36

// label is a text as the picture shows it: one line, and cut in its middle, for names often differ at both ends.
func label(s string) string {
	runes := []rune(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " "))
	if len(runes) <= maxLabel {
		return string(runes)
	}
	return string(runes[:maxLabel/2]) + "…" + string(runes[len(runes)-maxLabel/2+1:])
}
