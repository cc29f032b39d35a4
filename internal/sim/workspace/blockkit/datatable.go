package blockkit

import (
	"fmt"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

// maxTableContent is how many characters the cells of a data_table hold in all.
const maxTableContent = 20_000

// dataCell is a cell of a data_table: that of a table, or a button with what is shown where there are none.
func dataCell(r *report, path string, value any) {
	if o, _ := value.(object); field.Str(o, "type") != "action_cell" {
		tableCell(r, path, value)
		return
	}
	shape{"type!": anything, "element!": element([]string{"button"}), "fallback": rawCell}.check(r, path, value)
}

func rawCell(r *report, path string, value any) {
	o, _ := value.(object)
	if kind := field.Str(o, "type"); kind != "raw_text" && kind != "raw_number" {
		r.add(path, "unsupported type: %s", kind)
		return
	}
	tableCell(r, path, value)
}

// dataTable: the first row is the header, of raw text alone; the buttons have ids of their own; what all cells hold is
// limited.
func dataTable(r *report, path string, o object) {
	for i, cell := range TableCells(o, 0, 1) {
		if field.Str(cell, "type") != "raw_text" {
			r.add(fmt.Sprintf("%s/rows/0/%d", path, i), "the header row takes only raw_text")
		}
	}
	seen, size := map[string]bool{}, 0
	for _, cell := range TableCells(o, 0, len(field.List(o, "rows"))) {
		if name := field.Str(field.Obj(cell, "element"), "action_id"); name != "" {
			if seen[name] {
				r.add(path+"/rows", "action_id %q already exists in this block", name)
			}
			seen[name] = true
		}
		size += characters(cell)
	}
	if size > maxTableContent {
		r.add(path+"/rows", "must hold less than %d characters", maxTableContent+1)
	}
}

// TableCells are the cells of some rows of a table.
func TableCells(table map[string]any, from, to int) []map[string]any {
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
