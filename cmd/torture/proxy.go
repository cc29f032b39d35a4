package main

import (
	"context"
	"fmt"
	"strings"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// wires are the proxies of a round: everything between a replica and what it calls.
type wires struct{ server *toxiproxy.ApiServer }

func newWires() wires {
	return wires{toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())}
}

// wire is one proxied connection. Its methods change what happens on it from now on, for connections that are open too.
type wire struct {
	name  string
	proxy *toxiproxy.Proxy
}

func (w wires) to(name, upstream string) (*wire, error) {
	p := toxiproxy.NewProxy(w.server, name, "127.0.0.1:0", strings.TrimPrefix(upstream, "http://"))
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("proxy %s: %w", name, err)
	}
	return &wire{name: name, proxy: p}, nil
}

func (w *wire) addr() string { return w.proxy.Listen }

// cut refuses connections and ends those that are open.
func (w *wire) cut() { w.proxy.Stop() }

// hang lets nothing through and ends nothing: the other side seems to be there.
func (w *wire) hang() error {
	return w.toxic(`{"name":"hang","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
}

// slow delays every answer.
func (w *wire) slow(ms int) error {
	return w.toxic(fmt.Sprintf(`{"name":"slow","type":"latency","stream":"downstream","attributes":{"latency":%d,"jitter":%d}}`, ms, ms/2))
}

// lose lets requests through and cuts the connection instead of the answer.
func (w *wire) lose() error {
	return w.toxic(`{"name":"lose","type":"reset_peer","stream":"downstream","attributes":{"timeout":0}}`)
}

func (w *wire) toxic(order string) error {
	_, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(order))
	return err
}

// heal makes it a plain wire again.
func (w *wire) heal(ctx context.Context) error {
	w.proxy.Toxics.ResetToxics(ctx)
	if w.proxy.Enabled {
		return nil
	}
	return w.proxy.Start()
}
