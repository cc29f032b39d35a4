package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

// versionCommand prints what --version does, and what it was built with.
func versionCommand() *cobra.Command {
	var format output
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := struct {
				Version  string `json:"version"`
				Go       string `json:"go"`
				Platform string `json:"platform"`
			}{version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			return format.print(cmd.OutOrStdout(), v, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "remote-cluster-bot %s (%s, %s)\n", v.Version, v.Go, v.Platform)
				return err
			})
		},
	}
	format.flag(cmd)
	return cmd
}

// version is set when the binary is built.
var version = "dev"
