package app

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// auditKeeper is a keeper of the audit of an empty store, whose checkpoints are posted to hook, and the public half of its key.
func auditKeeper(t *testing.T, s *store.Store, edit func(*config.Config)) (*checkpoints, ed25519.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := config.System().ReadFile("../../internal/config/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	raw = append(raw, []byte("\naudit: { checkpoint: { key: { env: CHECKPOINT_KEY }, every: 2 } }\n")...)
	c, err := config.Parse("example", raw, config.Source{ReadFile: os.ReadFile, LookupEnv: func(name string) (string, bool) {
		if name == "CHECKPOINT_KEY" {
			return base64.StdEncoding.EncodeToString(der), true
		}
		return strings.Repeat("x", 40), !strings.HasPrefix(name, "OTEL") && !strings.HasPrefix(name, "RCB")
	}})
	if err != nil {
		t.Fatal(err)
	}
	edit(c)
	k, err := newCheckpoints(c, s, "one", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return k, public
}

func createAll(t *testing.T, s *store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := s.Create(t.Context(), changetest.Pending(id, time.Now()), "", change.Entry{What: "create"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckpointsAreMadeAsTheAuditGrows(t *testing.T) {
	t.Parallel()
	var posted []string
	status := http.StatusServiceUnavailable
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/sign-in" {
			return
		}
		posted = append(posted, string(text))
		w.Header().Set("Location", "/sign-in")
		w.WriteHeader(status)
	}))
	t.Cleanup(hook.Close)
	s := storetest.Mini(t).Store()
	var log bytes.Buffer
	k, public := auditKeeper(t, s, func(c *config.Config) { c.Audit.Checkpoint.Webhook = hook.URL })
	k.log = slog.New(slog.NewJSONHandler(&log, nil))
	round := func() error { t.Helper(); return k.round(t.Context()) }
	if err := round(); err != nil || len(posted) != 0 {
		t.Errorf("of an empty audit: %v, %v", posted, err)
	}
	createAll(t, s, "a")
	if err := round(); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("the webhook refused it: %v", err)
	}
	status = http.StatusFound // to a page for signing in, which answers 200
	if err := round(); err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("it was sent elsewhere: %v", err)
	}
	status = http.StatusNoContent
	for _, id := range []string{"b", "c", "d"} { // tried again at 1, due at 3
		if err := round(); err != nil {
			t.Error(err)
		}
		createAll(t, s, id)
	}
	want := []int64{1, 1, 1, 3}
	if len(posted) != len(want) {
		t.Fatalf("posted %v", posted)
	}
	for i, text := range posted {
		c, err := change.ParseCheckpoint(text)
		if err != nil || c.Entries != want[i] || c.Verify(public, "demo") != nil {
			t.Errorf("checkpoint %d is %s: %v", i, text, err)
		}
	}
	if n := strings.Count(log.String(), `"checkpoint":{"environment":"demo"`); n != len(want) {
		t.Errorf("%d were logged:\n%s", n, log.String())
	}
	if ok, err := s.Lease(t.Context(), "audit", "two", time.Minute); err != nil || !ok {
		t.Errorf("the lease is not given back: %v", err)
	}
	createAll(t, s, "e", "f")
	if err := round(); err != nil || len(posted) != len(want) {
		t.Errorf("made while another replica is at it: %v", err)
	}
}

func TestEntriesAreExportedBeforeTheyAreLetGo(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := server.Store()
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	k, public := auditKeeper(t, s, func(c *config.Config) { c.Audit.Keep, c.Audit.Export = config.Duration(400*24*time.Hour), file })
	createAll(t, s, "a", "b")
	server.Pass(401 * 24 * time.Hour)
	createAll(t, s, "c")
	if err := k.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "\n") != 2 || !strings.Contains(string(text), `"request":"b"`) {
		t.Errorf("exported: %s, %v", text, err)
	}
	report, err := s.VerifyAuditAgainst(t.Context())
	if err != nil || report.Bad != nil || report.Entries != 3 || report.Begins == nil {
		t.Fatalf("%+v, %v", report, err)
	}
	if err := report.Begins.Verify(public, "demo"); err != nil || report.Begins.Entries != 2 {
		t.Errorf("what stands for the first two: %+v, %v", report.Begins, err)
	}
}

func TestWhatHasNotBeenShippedStays(t *testing.T) {
	t.Parallel()
	server := storetest.Mini(t)
	s := server.Store()
	k, _ := auditKeeper(t, s, func(c *config.Config) {
		c.Audit.Keep, c.Audit.Ship = config.Duration(24*time.Hour), &config.Ship{}
	})
	createAll(t, s, "a", "b", "c")
	server.Pass(48 * time.Hour)
	for _, shipped := range []int{0, 2} { // of the lines; that which was shipped last stays, to be found
		lines, err := s.Audit(t.Context(), "", 10)
		if err != nil || len(lines) != 3 {
			t.Fatalf("%d are left: %v", len(lines), err)
		}
		if shipped > 0 {
			if err := s.NoteShipped(t.Context(), lines[shipped-1].ID); err != nil {
				t.Fatal(err)
			}
		}
		k.trimmed = time.Time{}
		if err := k.round(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if lines, err := s.Audit(t.Context(), "", 10); err != nil || len(lines) != 2 {
		t.Errorf("%d are left: %v", len(lines), fmt.Sprint(err))
	}
}
