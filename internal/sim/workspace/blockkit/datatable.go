package blockkit

import (
	"fmt"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// maxTableContent is how many characters the cells of a data_table hold in all.
const maxTableContent = 20_000

// dataTable: the first row is the header, of raw text alone; what all cells hold is limited.
func dataTable(r *report, path string, o object) {
	for i, cell := range tableCells(o, 0, 1) {
		if field.Str(cell, "type") != "raw_text" {
			r.add(fmt.Sprintf("%s/rows/0/%d", path, i), "the header row takes only raw_text")
		}
	}
	size := 0
	for _, cell := range tableCells(o, 0, len(field.List(o, "rows"))) {
		size += characters(cell)
	}
	if size > maxTableContent {
		r.add(path+"/rows", "must hold less than %d characters", maxTableContent+1)
	}
}

// tableCells are the cells of some rows of a table.
func tableCells(table map[string]any, from, to int) []map[string]any {
	rows := field.List(table, "rows")
	var out []object
	for _, row := range rows[min(from, len(rows)):min(to, len(rows))] {
		cells, _ := row.([]any)
		out = append(out, field.Objects(cells)...)
	}
	return out
}

// characters counts what is written in a cell, however deep.
func characters(value any) int {
	n := 0
	switch v := value.(type) {
	case object:
		for name, inner := range v {
			if text, ok := inner.(string); ok && (name == "text" || name == "fallback") {
				n += utf8.RuneCountInString(text)
				continue
			}
			n += characters(inner)
		}
	case []any:
		for _, inner := range v {
			n += characters(inner)
		}
	}
	return n
}
