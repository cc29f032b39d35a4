package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change/changetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/store"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// configured dials as the example configuration with another redis section does.
func configured(t *testing.T, section string) redis.UniversalClient {
	t.Helper()
	raw := strings.Replace(string(config.Example), `  addresses: ["127.0.0.1:6379"]`, section, 1)
	c, err := config.Parse("example.yaml", []byte(raw), config.Source{
		ReadFile: os.ReadFile,
		LookupEnv: func(name string) (string, bool) {
			return strings.ToLower(name) + "-secret", !strings.HasPrefix(name, "OTEL_")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := dialRedis(c.Redis)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// What the bot needs of an ACL user: its own keys, scripts, and to look at the settings that it checks.
var acl = []string{
	"--user", "default", "off", "--user", "bot", "on", ">redis_password-secret", "~rcb:{test}:*",
	"+@read", "+@write", "+@scripting", "+@connection", "+@blocking", "-@dangerous", "+time", "+info", "+config|get",
}

func TestRedisOverTLSWithAnACLUser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate(t, dir)
	port := freeTCPPort(t)
	storetest.Real(t, append([]string{
		"--tls-port", port, "--tls-auth-clients", "no", "--tls-ca-cert-file", filepath.Join(dir, "ca.pem"),
		"--tls-cert-file", filepath.Join(dir, "ca.pem"), "--tls-key-file", filepath.Join(dir, "key.pem"),
	}, acl...)...)
	section := fmt.Sprintf("  addresses: [\"127.0.0.1:%s\"]\n  username: bot\n  password: { env: REDIS_PASSWORD }\n", port)
	tls := section + fmt.Sprintf("  tls: { ca_file: %q }\n", filepath.Join(dir, "ca.pem"))

	s := store.New(configured(t, tls), store.Options{Env: "test"})
	live(t, s)
	for _, f := range s.CheckServer(t.Context(), time.Now()) {
		if f.Level == store.Unknown || f.Level == store.Bad {
			t.Errorf("%s: %s", f.Check, f.Say)
		}
	}
	stranger := store.New(configured(t, tls), store.Options{Env: "other"})
	if _, err := stranger.Get(t.Context(), "a"); err == nil || errors.Is(err, change.ErrNotFound) {
		t.Errorf("the user reaches the keys of another environment: %v", err)
	}
	untrusted := store.New(configured(t, section+"  tls: { }\n"), store.Options{Env: "test"})
	if err := untrusted.Ping(t.Context()); err == nil {
		t.Error("a certificate of an unknown authority was accepted")
	}
}

// live takes a request from its creation to its end.
func live(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	if _, err := s.Create(ctx, changetest.Pending("a", time.Now()), "view", change.Entry{}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Get(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Move(ctx, change.Move{ID: "a", Version: r.Version, Event: change.Approve, From: change.Pending, To: change.Approved}); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	c, err := s.Claim(ctx, "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Extend(ctx, c.Claim, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Record(ctx, c.Claim, change.StepRecord{Step: "one", State: change.StepDone}, change.Entry{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(ctx, c.Claim, change.Move{ID: "a", Event: change.Succeed, From: change.Applying, To: change.Applied}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.ClaimTelling(ctx, "a", "me", time.Minute); !ok || err != nil {
		t.Fatalf("telling: %v %v", ok, err)
	}
	if err := s.Announced(ctx, "a", 5, "me"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recent(ctx, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Trim(ctx, 10); err != nil {
		t.Fatal(err)
	}
	if report, err := s.VerifyAudit(ctx); err != nil || report.Bad != nil || report.Entries != 5 {
		t.Fatalf("audit %+v, %v", report, err)
	}
}

// The master dies and a replica takes its place: what was acknowledged is there, and writing goes on by itself.
func TestRedisFailsOverUnderSentinel(t *testing.T) {
	t.Parallel()
	master := storetest.Real(t)
	host, port, _ := net.SplitHostPort(master.Addr)
	storetest.Real(t, "--replicaof", host, port, "--repl-diskless-sync-delay", "0")
	until(t, 20*time.Second, "the replica follows", func() bool {
		text, err := master.Client.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(text, "state=online")
	})
	sentinel := startSentinel(t, host, port)
	s := store.New(configured(t, fmt.Sprintf("  addresses: [%q]\n  sentinel_master: rcb\n", sentinel)), store.Options{Env: "test"})
	var err error
	until(t, 10*time.Second, "the sentinel knows", func() bool {
		_, err = s.Create(t.Context(), changetest.Pending("a", time.Now()), "view", change.Entry{})
		return err == nil
	})
	if n, err := master.Client.Do(t.Context(), "wait", 1, 5000).Int(); n != 1 || err != nil {
		t.Fatalf("%d replicas have it: %v", n, err)
	}
	master.Process.Kill(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	err = s.Move(ctx, change.Move{ID: "a", Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved})
	cancel()
	if err != nil && !errors.Is(err, change.ErrUnavailable) {
		t.Errorf("while there is no master: %v", err)
	}
	until(t, 30*time.Second, "writing goes on", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		err = s.Move(ctx, change.Move{ID: "a", Version: 1, Event: change.Approve, From: change.Pending, To: change.Approved})
		return err == nil || errors.Is(err, change.ErrConflict) // an earlier one got through
	})
	if r, err := s.Get(t.Context(), "a"); err != nil || r.State != change.Approved {
		t.Errorf("%v, %v", r, err)
	}
}

func startSentinel(t *testing.T, host, port string) string {
	t.Helper()
	own := freeTCPPort(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor rcb %s %s 1\nsentinel down-after-milliseconds rcb 500\nsentinel failover-timeout rcb 3000\n",
		own, filepath.Dir(file), host, port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "redis-server", file, "--sentinel")
	if err := cmd.Start(); err != nil {
		t.Skipf("no sentinel starts: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return "127.0.0.1:" + own
}

func until(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not happen within %v that %s", limit, what)
		}
	}
}

func freeTCPPort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	return port
}

// certificate writes one that signs itself, for 127.0.0.1: ca.pem and key.pem.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
