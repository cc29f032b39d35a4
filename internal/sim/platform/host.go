package platform

import (
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/pki"
)

// Options are what a World needs. Now is required.
type Options struct {
	Now     func() time.Time
	Rand    io.Reader     // for ids, secrets and certificates; crypto/rand if nil
	Latency time.Duration // of each call
	// KeystoreDelay is how long a keystore change takes to reach the nodes, PlanTime how long a plan takes.
	KeystoreDelay, PlanTime time.Duration
	// Client is the address that the bot seems to come from, for IP filters.
	Client netip.Addr
	// Nodes gives a deployment real nodes, by its name; nil, or nil for a name: it is simulated.
	Nodes func(deployment string) Nodes
	// OnExchange sees every call and its answer, secrets included.
	OnExchange fault.Observer
}

// host is what the platforms of a world stand on: its lock, its clock and ids, the network between the clusters, and the
// listeners.
type host struct {
	opt  Options
	net  *cluster.Net
	wrap *fault.Wrapper

	mu      sync.Mutex     // guards platforms and servers, and everything inside a Platform
	public  *pki.Authority // nil: not needed yet
	servers []*http.Server
	running sync.WaitGroup
}

// listen opens a loopback listener and serves the handler on it until close.
func (h *host) listen(addr string, ca *authority, handler http.Handler) (url string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.listenLocked(addr, ca, handler)
}

func (h *host) listenLocked(addr string, ca *authority, handler http.Handler) (url string, err error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr) //nolint:noctx // a constructor without a context; opening a loopback socket does not block
	if err != nil {
		return "", fmt.Errorf("listening on %s: %w", addr, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	serve, scheme := server.Serve, "http"
	if ca != nil {
		conf, err := ca.serverTLS(l.Addr())
		if err != nil {
			return "", errors.Join(err, l.Close())
		}
		server.TLSConfig, scheme = conf, "https"
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){} // HTTP/1.1: a fault can close a connection
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	h.servers = append(h.servers, server)
	h.running.Go(func() { _ = serve(l) }) // ends with http.ErrServerClosed
	return scheme + "://" + l.Addr().String(), nil
}

// close ends all listeners and their connections.
func (h *host) close() error {
	h.mu.Lock()
	servers := h.servers
	h.servers = nil
	h.mu.Unlock()
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Close())
	}
	h.running.Wait()
	return errors.Join(errs...)
}

func (h *host) hexID(bytes int) string {
	b := make([]byte, bytes)
	if _, err := io.ReadFull(h.opt.Rand, b); err != nil {
		panic("platform: the source of randomness gave out: " + err.Error())
	}
	return hex.EncodeToString(b)
}

// nodes are the real nodes for a deployment; nil: it is simulated.
func (h *host) nodes(deployment string) Nodes {
	if h.opt.Nodes == nil {
		return nil
	}
	return h.opt.Nodes(deployment)
}

// publicAuthority signs what on the Internet a public authority has signed.
func (h *host) publicAuthority() (*pki.Authority, error) {
	if h.public == nil {
		ca, err := pki.New("public", h.opt.Now())
		if err != nil {
			return nil, err
		}
		h.public = ca
	}
	return h.public, nil
}
