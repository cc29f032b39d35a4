package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Trust is how a server's certificate is checked. The zero value trusts the system's authorities.
type Trust struct {
	RootCAs    *x509.CertPool // instead of the system's; nil: the system's
	ServerName string         // expected in the certificate, if it is not the host
	Insecure   bool           // accepts any certificate, and http://; for a trial only
}

// ErrPlainHTTP is the error of a call to an http:// address, which would show credentials and keys on the way. Addresses
// come from the configuration, and of services from a platform's answers. It is written for the bot's operators.
var ErrPlainHTTP = errors.New("its address begins with http://, which exposes credentials on the network. " +
	"use https://, or set insecure: true under tls in the bot's configuration for a trial")

// proxy refuses what must not be sent in clear, and else goes by the environment. Transports ask it before they dial, for
// each request.
func (t Trust) proxy(req *http.Request) (*url.URL, error) {
	if req.URL.Scheme == "http" && !t.Insecure && !loopback(req.URL.Hostname()) {
		return nil, ErrPlainHTTP
	}
	return http.ProxyFromEnvironment(req)
}

// loopback reports whether what is sent to host does not leave this one.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Pool reads authorities in PEM.
func Pool(pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in PEM found")
	}
	return pool, nil
}

// NewTransport returns a transport for one system. Each system needs its own: they trust different authorities.
// It speaks HTTP/1.1 only: an HTTP/2 connection that died silently would hold up every call that shares it.
func NewTransport(t Trust) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:       t.proxy,
		DialContext: dialer.DialContext,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            t.RootCAs,
			ServerName:         t.ServerName,
			InsecureSkipVerify: t.Insecure, //nolint:gosec // only where the operator's configuration says so
		},
		Protocols:           &protocols,
		TLSHandshakeTimeout: 5 * time.Second,
		IdleConnTimeout:     60 * time.Second,
		MaxIdleConnsPerHost: 8,
	}
}
