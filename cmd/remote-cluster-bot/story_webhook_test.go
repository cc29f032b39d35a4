package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

// pager is who takes the events of a webhook.
type pager struct {
	*httptest.Server
	format webhook.Format

	mu     sync.Mutex
	away   bool
	events []string // bodies, as they came
	wrong  error    // what was wrong with one of them
}

func (p *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || p.away {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if err := p.check(r.Header, string(body)); err != nil {
		p.wrong = err
	}
	if !slices.Contains(p.events, string(body)) { // one whose answer was lost comes again, under its id
		p.events = append(p.events, string(body))
	}
	w.WriteHeader(http.StatusAccepted)
}

// check does what a receiver does: it takes nothing that is not signed.
func (p *pager) check(h http.Header, body string) error {
	switch p.format {
	case webhook.CloudEvents:
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(stage.WebhookSecret, webhook.SigningPrefix))
		if err != nil {
			return err
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(h.Get("Webhook-Id") + "." + h.Get("Webhook-Timestamp") + "." + body))
		if h.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			return errors.New("the signature does not fit")
		}
	case webhook.PagerDuty:
		if !strings.Contains(body, `"routing_key":"`+stage.WebhookSecret+`"`) {
			return errors.New("there is no routing key")
		}
	case webhook.Alertmanager:
		if h.Get("Authorization") != "Bearer "+stage.WebhookSecret {
			return errors.New("there is no token")
		}
	}
	return nil
}

// webhook gives the bot a webhook, before it starts; later, away and back close and open it.
func (s *story) webhook(_ *testscript.TestScript, args []string) error {
	if p := s.pagers[args[0]]; p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.away = args[1] == "away"
		return nil
	}
	p := &pager{format: webhook.Format(args[1])}
	p.Server = httptest.NewServer(p)
	if s.pagers == nil {
		s.pagers = map[string]*pager{}
		s.Text = append(s.Text, "\nwebhooks:\n"...)
	}
	s.pagers[args[0]] = p
	s.Text = fmt.Appendf(s.Text, "  - { name: %s, format: %s, url: %q, secret: { env: WEBHOOK_SECRET } }\n", args[0], args[1], p.URL)
	return nil
}

func (s *story) closePagers() {
	for _, p := range s.pagers {
		p.Close()
	}
}

// showing counts the events of a webhook that show all of the patterns.
func (s *story) showing(name string, patterns ...string) (n int, all string, err error) {
	p := s.pagers[name]
	if p == nil {
		return 0, "", fmt.Errorf("there is no webhook %s", name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		fits := true
		for _, pattern := range patterns {
			fits = fits && regexp.MustCompile("(?s)"+pattern).MatchString(e)
		}
		if fits {
			n++
		}
	}
	return n, strings.Join(p.events, "\n"), p.wrong
}

func (s *story) paged(args []string) error {
	n, all, err := s.showing(args[0], args[1:]...)
	if err == nil && n == 0 {
		err = fmt.Errorf("no event shows %q, of:\n%s", args[1:], all)
	}
	return err
}

func (s *story) pages(args []string) error {
	want, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	n, all, err := s.showing(args[0], args[1])
	if err == nil && n != want {
		err = fmt.Errorf("%d events show %q, not %d, of:\n%s", n, args[1], want, all)
	}
	return err
}
