package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"
)

// Trust is how a server's certificate is checked. The zero value trusts the system's authorities.
type Trust struct {
	RootCAs    *x509.CertPool // instead of the system's; nil: the system's
	ServerName string         // expected in the certificate, if it is not the host
	Insecure   bool           // accepts any certificate; for a trial only
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
		Proxy:       http.ProxyFromEnvironment,
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
