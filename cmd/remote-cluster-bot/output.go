package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// output is the flag -o: how a command prints its result.
type output struct {
	format string
	of     []string
}

const outputJSON = "json"

// flag adds -o to a command; the first format is the default, and without any it is text or json.
func (o *output) flag(cmd *cobra.Command, of ...string) {
	if len(of) == 0 {
		of = []string{"text", outputJSON}
	}
	o.format, o.of = of[0], of
	cmd.Flags().VarP(o, "output", "o", strings.Join(of, ", "))
}

// String, Set and Type are those of a flag; a value that Set refuses is an error of usage.
func (o *output) String() string { return o.format }

// Type is what help calls the value.
func (o *output) Type() string { return "format" }

// Set takes one of the formats.
func (o *output) Set(s string) error {
	if !slices.Contains(o.of, s) {
		return fmt.Errorf("it is one of %s", strings.Join(o.of, ", "))
	}
	o.format = s
	return nil
}

// print writes a result, as JSON or by text.
func (o *output) print(w io.Writer, result any, text func(io.Writer) error) error {
	if o.format != outputJSON {
		return text(w)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(result)
}
