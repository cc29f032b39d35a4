package app

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/doctor"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
)

const (
	checkpointEvery = time.Minute     // how often the audit is looked at
	checkpointLease = 5 * time.Minute // one replica at a time
)

// checkpoints keeps signed checkpoints of the audit where Redis can't be asked for them, and lets old entries go.
type checkpoints struct {
	store   *store.Store
	config  *config.Config
	owner   string
	webhook *http.Client
	now     func() time.Time
	log     *slog.Logger

	older   *older    // nil: no checkpoints are kept that the database could be compared with
	trimmed time.Time // when entries were last let go
}

// newCheckpoints returns nil where the configuration asks for none.
func newCheckpoints(c *config.Config, s *store.Store, owner string, log *slog.Logger) (*checkpoints, error) {
	k := c.Audit.Checkpoint
	if k == nil {
		return nil, nil //nolint:nilnil // no checkpoints are a configuration like any other
	}
	t, err := trust(k.TLS)
	if err != nil {
		return nil, fmt.Errorf("audit.checkpoint: %w", err)
	}
	all := &checkpoints{
		store: s, config: c, owner: owner, now: time.Now, log: log,
		webhook: &http.Client{
			Transport: transport.NewTransport(t), Timeout: c.Executor.CallTimeout.Std(),
			// Followed, a redirect ends as a GET: something answers 200, and nobody has kept the checkpoint.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if k.File != "" {
		all.older = &older{log: log, compare: all.compare}
	}
	return all, nil
}

// run looks at the audit until ctx ends. What fails is tried again.
func (k *checkpoints) run(ctx context.Context) error {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		if err := k.round(ctx); err != nil && ctx.Err() == nil {
			k.log.WarnContext(ctx, "keeping the audit; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (k *checkpoints) round(ctx context.Context) error {
	const name = "audit"
	k.older.tell(ctx) // before the first checkpoint that hides it
	ours, err := k.store.Lease(ctx, name, k.owner, checkpointLease)
	if err != nil || !ours {
		return err
	}
	defer func() { _ = k.store.EndLease(context.WithoutCancel(ctx), name, k.owner) }()
	err = k.makeDue(ctx)
	if k.config.Audit.Keep > 0 && k.now().Sub(k.trimmed) >= trimEvery {
		err = errors.Join(err, k.trim(ctx))
		k.trimmed = k.now()
	}
	return err
}

// makeDue makes a checkpoint if enough was written since the last.
func (k *checkpoints) makeDue(ctx context.Context) error {
	const part, last = "audit", "checkpoint"
	entries, hash, err := k.store.AuditHead(ctx)
	if err != nil || entries == 0 {
		return err
	}
	notes, err := k.store.Notes(ctx, part)
	if err != nil {
		return err
	}
	before, err := strconv.ParseInt(notes[last], 10, 64)
	if err == nil && entries >= before && entries-before < int64(k.config.Audit.Checkpoint.Every) {
		return nil
	}
	c, err := k.sign(entries, hash)
	if err != nil {
		return err
	}
	if err := k.publish(ctx, c); err != nil {
		return err
	}
	return k.store.Note(ctx, part, last, strconv.FormatInt(entries, 10))
}

func (k *checkpoints) sign(entries int64, hash string) (change.Checkpoint, error) {
	return SignCheckpoint(k.config, entries, hash, k.now())
}

// SignCheckpoint makes a checkpoint of an audit with the key of the configuration.
func SignCheckpoint(c *config.Config, entries int64, hash string, at time.Time) (change.Checkpoint, error) {
	key, err := change.ParseSigningKey(c.Audit.Checkpoint.Key.Secret().Reveal())
	if err != nil {
		return change.Checkpoint{}, fmt.Errorf("audit.checkpoint.key: %w", err)
	}
	return change.Checkpoint{Environment: c.Environment, Entries: entries, Hash: hash, At: at}.Sign(key)
}

func (k *checkpoints) publish(ctx context.Context, c change.Checkpoint) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	k.log.InfoContext(ctx, "checkpoint of the audit", "checkpoint", json.RawMessage(text))
	if file := k.config.Audit.Checkpoint.File; file != "" {
		err = appendTo(file, append(bytes.Clone(text), '\n'))
	}
	if k.config.Audit.Checkpoint.Webhook != "" {
		err = errors.Join(err, k.post(ctx, text))
	}
	return err
}

// compare says whether the database is older than the newest checkpoint in the file.
func (k *checkpoints) compare(ctx context.Context) doctor.Finding {
	return doctor.OlderThanCheckpoint(ctx, k.store, k.newest)
}

// newest reads the last line of the file of checkpoints, which this bot must have signed.
func (k *checkpoints) newest() (c change.Checkpoint, found bool, err error) {
	line, err := endOfFile(k.config.Audit.Checkpoint.File)
	if errors.Is(err, fs.ErrNotExist) || err == nil && line == "" {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	key, err := change.ParseSigningKey(k.config.Audit.Checkpoint.Key.Secret().Reveal())
	if err != nil {
		return c, false, err
	}
	public, _ := key.Public().(ed25519.PublicKey)
	if c, err = change.ParseCheckpoint(line); err == nil {
		err = c.Verify(public, k.config.Environment)
	}
	return c, err == nil, err
}

// endOfFile returns the last line of a file, and reads no more than its end.
func endOfFile(name string) (string, error) {
	const most = 16 << 10
	f, err := os.Open(name) //nolint:gosec // the operator names it
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-most), most))
	text = bytes.TrimSpace(text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:]), err
}

func (k *checkpoints) post(ctx context.Context, text []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.config.Audit.Checkpoint.Webhook, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := k.webhook.Do(req)
	if err != nil {
		return fmt.Errorf("posting a checkpoint of the audit: %w", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("posting a checkpoint of the audit: the webhook answered %s", resp.Status)
	}
	return nil
}

// trim lets go what is older than audit.keep, and has been exported, or shipped.
func (k *checkpoints) trim(ctx context.Context) error {
	now, err := k.store.Now(ctx)
	if err != nil {
		return err
	}
	t := store.AuditTrim{Before: now.Add(-k.config.Audit.Keep.Std()), Sign: k.sign, Export: k.export}
	if k.config.Audit.Ship != nil {
		if t.UpTo, err = k.store.Shipped(ctx); err != nil || t.UpTo == "" {
			return err
		}
	}
	n, err := k.store.TrimAudit(ctx, t)
	if n > 0 {
		k.log.InfoContext(ctx, "audit entries were let go", "entries", n, "older_than", k.config.Audit.Keep.String())
	}
	return err
}

func (k *checkpoints) export(lines []change.AuditLine) error {
	if k.config.Audit.Export == "" {
		return nil // they have been shipped
	}
	var b bytes.Buffer
	write := change.EncodeAudit(&b)
	for _, l := range lines {
		if err := write(l); err != nil {
			return err
		}
	}
	return appendTo(k.config.Audit.Export, b.Bytes())
}

// appendTo appends to a file, and returns once the disk has it.
func appendTo(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
