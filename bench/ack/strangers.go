package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// strangers keeps n connections open to the server until stop is called. Each looks signed, declares a body of 1 MB and
// sends 100 bytes of it; one that the server closes is opened again. It returns once all have been open.
func (l *load) strangers(ctx context.Context, n int) (stop func(), err error) {
	at, err := url.Parse(l.url)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var opened atomic.Int64
	for range n {
		wg.Go(func() {
			for ctx.Err() == nil {
				if stranger(ctx, at.Host, func() { opened.Add(1) }) != nil {
					time.Sleep(100 * time.Millisecond)
				}
			}
		})
	}
	for opened.Load() < int64(n) && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	return func() { cancel(); wg.Wait() }, ctx.Err()
}

func stranger(ctx context.Context, address string, opened func()) error {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	defer func() { _ = c.Close() }()
	_, err = fmt.Fprintf(c, "POST /slack/commands HTTP/1.1\r\nHost: bot\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: 1000000\r\nX-Slack-Request-Timestamp: %d\r\nX-Slack-Signature: v0=%s\r\n\r\n%s",
		time.Now().Unix(), strings.Repeat("0", 64), strings.Repeat("x", 100))
	if err != nil {
		return err
	}
	opened()
	_, _ = io.Copy(io.Discard, c) // until the server closes it
	return nil
}

// peakOf is the most memory that a process has had, in MB (proc(5): status, VmHWM). Linux only: 0 elsewhere.
func peakOf(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	kb, _ := strconv.ParseFloat(strings.TrimSpace(strings.SplitN(rest, "kB", 2)[0]), 64)
	return kb / 1000
}
