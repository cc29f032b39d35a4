package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/export"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

// connectionWriters are the formats of an export.
func connectionWriters(c *config.Config) map[string]func(io.Writer, []export.Connection) error {
	return map[string]func(io.Writer, []export.Connection) error{
		"json": export.JSON, "csv": export.CSV, "mermaid": export.Mermaid, "dot": export.DOT,
		"terraform": func(w io.Writer, all []export.Connection) error {
			return export.Terraform(w, all, terraformPlatforms(c))
		},
	}
}

func exportCommand() *cobra.Command {
	var file string
	var format output
	formats := slices.Sorted(maps.Keys(connectionWriters(nil)))
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print all managed connections: who reads what, since when, who asked and who approved; or as Terraform",
		Long: "Reads Redis alone: no cluster and no platform is asked, and how a connection is, is what its last check found.\n" +
			"No secret is printed. terraform writes import blocks and resources for Elastic's providers, elasticstack and ec.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(file, func(c *config.Config, s *store.Store) error {
				all, unread, err := exported(cmd.Context(), c, s)
				if err != nil {
					return err
				}
				if err := connectionWriters(c)[format.format](cmd.OutOrStdout(), all); err != nil {
					return err
				}
				if len(unread) > 0 {
					return fmt.Errorf("these connections are missing above: a newer version of the bot wrote their records: %s", strings.Join(unread, ", "))
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&file, "config", "config.yaml", "the configuration file")
	format.flag(cmd, append([]string{outputJSON}, slices.DeleteFunc(formats, func(f string) bool { return f == outputJSON })...)...)
	return cmd
}

// exported are all managed connections, and the keys of the records that this version can't read.
func exported(ctx context.Context, c *config.Config, s *store.Store) (all []export.Connection, unread []string, err error) {
	requests, err := s.RecordRequests(ctx)
	if err != nil {
		return nil, nil, err
	}
	var names []link.Name
	for _, key := range slices.Sorted(maps.Keys(requests)) {
		if n, err := inventory.ParseRecordKey(key); err == nil {
			names = append(names, n)
		}
	}
	statuses, err := savedStatuses(ctx, c, s, names)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range names {
		status, ok := statuses[n]
		if !ok {
			unread = append(unread, n.String())
			continue
		}
		one := export.Of(status.Managed)
		one.State, one.Checked, one.Problems = status.State(), status.CheckedAt, status.Says()
		if !status.Expires.IsZero() {
			one.KeyExpires = status.Expires
		}
		all = append(all, one)
	}
	export.Sort(all)
	return all, unread, addDecisions(ctx, s, all, statuses)
}

// savedStatuses are the connections as the monitors of the running bot left them.
func savedStatuses(ctx context.Context, c *config.Config, s *store.Store, names []link.Name) (map[link.Name]monitor.Status, error) {
	catalog := inventory.NewCatalog(nil, inventory.CatalogOptions{Now: time.Now})
	connections := inventory.NewConnections(catalog, s, inventory.ConnectionsOptions{Now: time.Now})
	return monitor.New(monitor.Options{
		Checker: diagnose.NewChecker(connections, time.Now), Store: s, Now: time.Now, Every: c.Watch.Every.Std(),
	}).Statuses(ctx, names...)
}

// decided is what the audit says of a request.
type decided struct {
	done      time.Time
	approvers []string // of the plan that was carried out
}

// addDecisions adds who approved the last change of each connection and when the connection was made: the audit keeps
// that longer than requests are kept.
func addDecisions(ctx context.Context, s *store.Store, all []export.Connection, statuses map[link.Name]monitor.Status) error {
	known := map[string]*decided{}
	for _, status := range statuses {
		known[status.Managed.Record.Request] = nil
		known[status.Managed.FirstRequest] = nil
	}
	err := eachLine(ctx, s, func(l change.AuditLine) error {
		if d, ok := known[l.Entry.Request]; ok {
			known[l.Entry.Request] = d.after(l.Entry)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range all {
		c := &all[i]
		if d := known[c.Request]; d != nil {
			c.Approvers = append([]string{}, d.approvers...)
		}
		name := link.Name{Local: refOf(c.Local), Alias: c.Alias}
		if d := known[statuses[name].Managed.FirstRequest]; c.Made.IsZero() && d != nil {
			c.Made = d.done
		}
	}
	return nil
}

func refOf(s export.Side) elastic.Ref {
	return elastic.Ref{Platform: s.Platform, Deployment: s.Deployment}
}

// after is d with an entry more. A request whose beginning is not in the audit any more stays unknown.
func (d *decided) after(e change.Entry) *decided {
	if e.What == string(change.Create) {
		return &decided{}
	}
	if d == nil {
		return nil
	}
	switch e.What {
	case string(change.DecisionApprove):
		if !slices.Contains(d.approvers, e.By.User) {
			d.approvers = append(d.approvers, e.By.User)
		}
	case string(change.DecisionRevoke):
		d.approvers = slices.DeleteFunc(d.approvers, func(user string) bool { return user == e.By.User })
	case string(change.DecisionDrift):
		d.approvers = nil
	case string(change.Succeed):
		d.done = e.At
	}
	return d
}

func terraformPlatforms(c *config.Config) map[string]export.Platform {
	all := map[string]export.Platform{}
	if c == nil {
		return all
	}
	for _, p := range c.Platforms {
		one := export.Platform{Kind: p.Kind, URL: p.URL, Clusters: map[string]string{}}
		for _, cluster := range p.Clusters {
			one.Clusters[cluster.Name] = cluster.URL
		}
		all[p.Name] = one
	}
	return all
}
