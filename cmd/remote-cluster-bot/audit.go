package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

const auditPage = 500

// auditCommand looks at what was written down of every move, decision and step.
func auditCommand() *cobra.Command {
	cmd := cli.Group("audit", "Verify, export or sign what was decided and done")
	var file string
	cmd.PersistentFlags().StringVar(&file, "config", "config.yaml", "the configuration file")
	cmd.AddCommand(auditVerifyCommand(&file), auditExportCommand(&file), auditCheckpointCommand(&file))
	return cmd
}

// eachLine hands out the audit, oldest first, until do returns an error; io.EOF ends it well.
func eachLine(ctx context.Context, s *store.Store, do func(change.AuditLine) error) error {
	for from := ""; ; {
		page, err := s.Audit(ctx, from, auditPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, l := range page {
			from = l.ID
			if err := do(l); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
}

func auditExportCommand(file *string) *cobra.Command {
	var format, since string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the audit, oldest entry first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := moment(since, time.Now())
			if err != nil {
				return cli.AsUsage(err)
			}
			write, ok := exporters[format]
			if !ok {
				return cli.Usagef("--format is jsonl or csv, not %q", format)
			}
			return withStore(*file, func(_ *config.Config, s *store.Store) error {
				return write(cmd.OutOrStdout(), func(do func(change.AuditLine) error) error {
					return eachLine(cmd.Context(), s, func(l change.AuditLine) error {
						if l.Entry.At.Before(from) {
							return nil
						}
						return do(l)
					})
				})
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	cmd.Flags().StringVar(&since, "since", "", "only what is not older: 2026-11-01, a time in RFC 3339, or a span such as 720h")
	return cmd
}

// moment reads a date, a time, or a span back from now. Nothing is the beginning.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since: %q is neither a date, nor a time, nor a span such as 720h", s)
}

type auditLines func(do func(change.AuditLine) error) error

var exporters = map[string]func(io.Writer, auditLines) error{"jsonl": exportJSON, "csv": exportCSV}

func exportJSON(w io.Writer, lines auditLines) error { return lines(change.EncodeAudit(w)) }

func exportCSV(w io.Writer, lines auditLines) error {
	out := csv.NewWriter(w)
	head := []string{
		"id", "at", "request", "what", "from", "to", "version", "user", "team", "channel", "worker", "target", "digest", "rule",
		"parent", "detail", "hash", "policy", "bot",
	}
	if err := out.Write(head); err != nil {
		return err
	}
	err := lines(func(l change.AuditLine) error {
		e := l.Entry
		row := []string{
			l.ID, e.At.Format(time.RFC3339Nano), e.Request, e.What, string(e.From), string(e.To), strconv.FormatInt(e.Version, 10),
			e.By.User, e.By.Team, e.By.Channel, e.Worker, e.Target, e.Digest, e.Rule, e.Parent, e.Detail, l.Hash, e.Policy, byBot(e.By),
		}
		for i := range row {
			row[i] = export.Inert(row[i])
		}
		return out.Write(row)
	})
	out.Flush()
	return errors.Join(err, out.Error())
}

// byBot says of an entry that the bot acted by itself, in somebody's name; else nothing.
func byBot(by change.Actor) string {
	if by.Bot {
		return "true"
	}
	return ""
}

// withStore opens the store that a configuration names.
func withStore(file string, do func(*config.Config, *store.Store) error) error {
	c, err := config.Load(file, config.System())
	if err != nil {
		return err
	}
	s, closing, err := app.OpenStore(c)
	if err != nil {
		return err
	}
	return errors.Join(do(c, s), closing())
}
