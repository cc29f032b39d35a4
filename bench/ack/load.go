package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is what is asked of a server, and how hard.
type load struct {
	url, secret, api, name string
	span                   time.Duration
	connections            int
	rate                   float64
	pid                    int
	unsigned               int

	client *http.Client
	opened atomic.Int64 // modals, by the server under load
	number atomic.Int64 // no two requests are the same
}

func (l *load) run(ctx context.Context) error {
	if l.url == "" {
		return errors.New("either --serve or --url")
	}
	stop, err := l.standIn(ctx)
	if err != nil {
		return err
	}
	defer stop()
	l.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: l.connections}}
	if l.unsigned > 0 {
		end, err := l.strangers(ctx, l.unsigned)
		if err != nil {
			return err
		}
		defer func() {
			fmt.Printf("BenchmarkUnsigned/%s 1 %.0f peak-MB\n", l.name, peakOf(l.pid))
			end()
		}()
	}
	for _, e := range events() {
		if _, err := l.measure(ctx, e, 700*time.Millisecond); err != nil { // warm up
			return err
		}
		m, err := l.measure(ctx, e, l.span)
		if err != nil {
			return err
		}
		m.print(l.name, e.name)
	}
	if l.opened.Load() == 0 {
		return errors.New("the server opened no modal")
	}
	return nil
}

// standIn answers Slack's API: whatever is asked is fine.
func (l *load) standIn(ctx context.Context) (stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", l.api)
	if err != nil {
		return nil, err
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.HasSuffix(r.URL.Path, "/views.open") {
			l.opened.Add(1)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ok":true,"view":{"id":"V1"},"user_id":"U1","bot_id":"B1","team_id":"T1"}`)
	})
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.Serve(listener) }()
	return func() { _ = s.Close() }, nil
}

type measured struct {
	took  []time.Duration
	total time.Duration
	cpu   time.Duration // of the server
}

// measure sends events over all connections for a while. With a rate, latency counts from when a request was due, so
// that a server that falls behind can't hide it.
func (l *load) measure(ctx context.Context, e event, span time.Duration) (measured, error) {
	ctx, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	due := make(chan time.Time)
	start, cpu := time.Now(), cpuOf(l.pid)
	go l.pace(ctx, due)
	var mu sync.Mutex
	var m measured
	var failed error
	var wg sync.WaitGroup
	for range l.connections {
		wg.Go(func() {
			var mine []time.Duration
			for at := range due {
				if err := l.send(context.WithoutCancel(ctx), e); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					cancel()
					continue
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			m.took = append(m.took, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	m.total, m.cpu = time.Since(start), cpuOf(l.pid)-cpu
	slices.Sort(m.took)
	return m, failed
}

func (l *load) pace(ctx context.Context, due chan<- time.Time) {
	defer close(due)
	start := time.Now()
	for n := 0; ; n++ {
		at := time.Now()
		if l.rate > 0 {
			at = start.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
			time.Sleep(time.Until(at))
		}
		select {
		case due <- at:
		case <-ctx.Done():
			return
		}
	}
}

func (l *load) send(ctx context.Context, e event) error {
	body := e.body(strconv.FormatInt(l.number.Add(1), 10))
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(l.secret))
	_, _ = io.WriteString(mac, "v0:"+at+":"+body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+e.path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", at)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := l.client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", e.name, resp.Status)
	}
	return nil
}

// print writes a line that benchstat reads.
func (m measured) print(name, event string) {
	n := len(m.took)
	if n == 0 {
		return
	}
	at := func(q float64) float64 { return float64(m.took[min(n-1, int(q*float64(n)))].Microseconds()) / 1000 }
	fmt.Printf("BenchmarkAck/%s/%s %d %.0f ns/op %.0f acks/s %.3f p50-ms %.3f p99-ms",
		event, name, n, float64(m.total.Nanoseconds())/float64(n), float64(n)/m.total.Seconds(), at(.5), at(.99))
	if m.cpu > 0 {
		fmt.Printf(" %.0f acks/core-s", float64(n)/m.cpu.Seconds())
	}
	fmt.Println()
}

// event is one kind of request of Slack's; body takes a trigger id.
type event struct {
	name, path string
	body       func(trigger string) string
}

func events() []event {
	interaction := func(payload string) func(string) string {
		payload = url.QueryEscape(payload)
		return func(trigger string) string { return "payload=" + strings.Replace(payload, "TRIGGER", trigger, 1) }
	}
	command := "token=x&team_id=T1&team_domain=example&channel_id=C1&channel_name=ops&user_id=U1&user_name=jan" +
		"&command=%2Frc&text=connect&api_app_id=A1&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F1&trigger_id="
	return []event{
		{"command", "/slack/commands", func(trigger string) string { return command + trigger }},
		{"button", "/slack/interactivity", interaction(pressed)},
		{"submission", "/slack/interactivity", interaction(filledIn(11))},
	}
}

const pressed = `{"type":"block_actions","team":{"id":"T1","domain":"example"},"user":{"id":"U1","username":"jan","name":"jan","team_id":"T1"},` +
	`"api_app_id":"A1","token":"x","container":{"type":"message","message_ts":"1700000000.000100","channel_id":"C1","is_ephemeral":false},` +
	`"trigger_id":"TRIGGER","channel":{"id":"C1","name":"ops"},"message":{"type":"message","ts":"1700000000.000100","text":"Connect",` +
	`"user":"U2","bot_id":"B1","team":"T1","blocks":[{"type":"section","block_id":"s","text":{"type":"mrkdwn","text":"Connect logs to metrics"}}]},` +
	`"response_url":"https://hooks.slack.com/actions/1","actions":[{"action_id":"approve","block_id":"decide","type":"button",` +
	`"text":{"type":"plain_text","text":"Approve"},"value":"r1:1","action_ts":"1700000001.0"}]}`

// filledIn is the submission of a modal with that many inputs, as Slack sends it: the whole view comes back.
func filledIn(inputs int) string {
	var blocks, values []string
	for i := range inputs {
		blocks = append(blocks, fmt.Sprintf(
			`{"type":"input","block_id":"block%d","label":{"type":"plain_text","text":"Label %d","emoji":true},`+
				`"hint":{"type":"plain_text","text":"What this is for, in a sentence of some length","emoji":true},"optional":false,`+
				`"dispatch_action":false,"element":{"type":"plain_text_input","action_id":"action%d","multiline":false,`+
				`"placeholder":{"type":"plain_text","text":"something","emoji":true},"dispatch_action_config":`+
				`{"trigger_actions_on":["on_enter_pressed"]}}}`, i, i, i))
		values = append(values, fmt.Sprintf(
			`"block%d":{"action%d":{"type":"plain_text_input","value":"what was typed into field %d"}}`, i, i, i))
	}
	return `{"type":"view_submission","team":{"id":"T1","domain":"example"},"user":{"id":"U1","username":"jan","name":"jan","team_id":"T1"},` +
		`"api_app_id":"A1","token":"x","trigger_id":"TRIGGER","view":{"id":"V1","team_id":"T1","type":"modal","blocks":[` +
		strings.Join(blocks, ",") + `],"private_metadata":"{}","callback_id":"connect","state":{"values":{` +
		strings.Join(values, ",") + `}},"hash":"1.a","title":{"type":"plain_text","text":"Connect"},"app_id":"A1","bot_id":"B1"},"response_urls":[]}`
}
