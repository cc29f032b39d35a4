package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

func auditVerifyCommand(file *string) *cobra.Command {
	var head, checkpoints string
	var format output
	var public []string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compute the chain of hashes again and compare it with what is stored",
		Long: "Finds entries that were edited, removed, moved, put in or cut off at the end. With signed checkpoints that were kept\n" +
			"somewhere else (--checkpoint), or the head that it printed earlier (--head), it also finds an audit that was written\n" +
			"anew as a whole.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := auditVerifier{}
			if err := v.readHead(head); err != nil {
				return err
			}
			return withStore(*file, func(c *config.Config, s *store.Store) error {
				v.env = c.Environment
				if err := errors.Join(v.readKeys(c.Audit.Checkpoint, public), v.readCheckpoints(checkpoints)); err != nil {
					return err
				}
				result, err := v.verify(cmd.Context(), s)
				if err != nil {
					return err
				}
				err = format.print(cmd.OutOrStdout(), result, func(w io.Writer) error {
					_, err := io.WriteString(w, result.Say)
					return err
				})
				if !result.Holds {
					return errors.Join(cli.ErrSilent, err)
				}
				return err
			})
		},
	}
	format.flag(cmd)
	cmd.Flags().StringVar(&head, "head", "", "a head that was printed earlier: COUNT:HASH")
	cmd.Flags().StringVar(&checkpoints, "checkpoint", "", "a file with signed checkpoints, one a line")
	cmd.Flags().StringArrayVar(&public, "public-key", nil, "a file with a public key of the checkpoints, in PEM (default: that of audit.checkpoint.key); several, if the key was changed")
	return cmd
}

// auditVerifier compares the audit with what is known of it elsewhere.
type auditVerifier struct {
	env   string
	keys  []ed25519.PublicKey
	known []change.Known
}

// auditResult is what a look at the audit found.
type auditResult struct {
	Holds   bool   `json:"holds"`
	Entries int64  `json:"entries"`        // that hold
	Head    string `json:"head,omitempty"` // COUNT:HASH, for --head
	Bad     int64  `json:"bad,omitempty"`  // the first entry that does not hold
	Say     string `json:"say"`
}

func (v *auditVerifier) readKeys(k *config.Checkpoint, files []string) error {
	if len(files) == 0 && k != nil {
		key, err := change.ParseSigningKey(k.Key.Secret().Reveal())
		if err != nil {
			return err
		}
		if public, ok := key.Public().(ed25519.PublicKey); ok {
			v.keys = append(v.keys, public)
		}
	}
	for _, name := range files {
		text, err := os.ReadFile(name) //nolint:gosec // whoever calls names it
		if err != nil {
			return err
		}
		key, err := change.ParsePublicKey(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		v.keys = append(v.keys, key)
	}
	return nil
}

func (v *auditVerifier) readHead(head string) error {
	if head == "" {
		return nil
	}
	count, hash, ok := strings.Cut(head, ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if raw, bad := hex.DecodeString(hash); !ok || err != nil || n < 1 || bad != nil || len(raw) != sha256.Size {
		return cli.Usagef("--head: %q is not of the form COUNT:HASH, as audit verify prints it", head)
	}
	v.known = append(v.known, change.Known{By: "the head that was kept", Entries: n, Hash: hash})
	return nil
}

func (v *auditVerifier) readCheckpoints(name string) error {
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name) //nolint:gosec // whoever calls names it
	if err != nil {
		return err
	}
	before := len(v.known)
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		c, err := change.ParseCheckpoint(line)
		if err == nil {
			err = v.signed(c)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		v.known = append(v.known, change.Known{
			By: "the signed checkpoint of " + c.At.Format(time.RFC3339), Entries: c.Entries, Hash: c.Hash,
		})
	}
	if len(v.known) == before {
		return fmt.Errorf("%s holds no checkpoint", name)
	}
	return nil
}

// signed says what is wrong with a checkpoint's signature.
func (v *auditVerifier) signed(c change.Checkpoint) error {
	err := errors.New("no key to check signatures with: give --public-key, or audit.checkpoint in the configuration")
	for _, key := range v.keys {
		if err = c.Verify(key, v.env); err == nil {
			return nil
		}
	}
	return err
}

func (v *auditVerifier) verify(ctx context.Context, s *store.Store) (auditResult, error) {
	report, err := s.VerifyAuditAgainst(ctx, v.known...)
	if err != nil {
		return auditResult{}, err
	}
	if b := report.Begins; b != nil {
		if err := v.signed(*b); err != nil {
			return auditResult{Bad: 1, Say: fmt.Sprintf("The first %d entries were trimmed, and the checkpoint that stands in for them can't be trusted: %v.\n", b.Entries, err)}, nil
		}
	}
	if b := report.Bad; b != nil {
		at := ""
		if b.ID != "" {
			at = " (" + b.ID + ")"
		}
		say := fmt.Sprintf("The audit does not hold at entry %d%s: %s. The %d before it hold.\n", b.Position, at, b.Why, b.Position-1)
		return auditResult{Entries: b.Position - 1, Bad: b.Position, Say: say}, nil
	}
	return auditResult{Holds: true, Entries: report.Entries, Head: fmt.Sprintf("%d:%s", report.Entries, report.Head), Say: v.holds(report)}, nil
}

func (v *auditVerifier) holds(report change.AuditReport) string {
	text := fmt.Sprintf("The audit holds: %d entries, head %d:%s\n", report.Entries, report.Entries, report.Head)
	begins := int64(0)
	if b := report.Begins; b != nil {
		begins = b.Entries
		text += fmt.Sprintf("The first %d were trimmed; the signed checkpoint of %s stands in for them.\n", begins, b.At.Format(time.RFC3339))
	}
	compared, newest := 0, int64(0)
	for _, k := range v.known {
		if k.Entries >= begins {
			compared, newest = compared+1, max(newest, k.Entries)
		}
	}
	if compared > 0 {
		text += fmt.Sprintf("It agrees with what was kept elsewhere, up to entry %d.\n", newest)
	}
	if n := len(v.known) - compared; n > 0 {
		text += fmt.Sprintf("Not compared, because those entries were trimmed: %d kept elsewhere.\n", n)
	}
	return text
}

// auditCheckpointCommand prints a checkpoint, for anyone who needs one now.
func auditCheckpointCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint",
		Short: "Print a signed checkpoint of the audit, to be kept where Redis can't be written from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(*file, func(c *config.Config, s *store.Store) error {
				if c.Audit.Checkpoint == nil {
					return errors.New("audit.checkpoint is needed in the configuration: its key signs")
				}
				entries, hash, err := s.AuditHead(cmd.Context())
				if err != nil {
					return err
				}
				if entries == 0 {
					return errors.New("the audit is empty: there is nothing to sign")
				}
				signed, err := app.SignCheckpoint(c, entries, hash, time.Now())
				if err != nil {
					return err
				}
				return json.NewEncoder(cmd.OutOrStdout()).Encode(signed)
			})
		},
	}
}
