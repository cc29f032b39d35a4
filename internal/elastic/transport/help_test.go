package transport_test

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log" //nolint:depguard // http.Server takes no other
	"net"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type netConn = net.Conn

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

func pemOf(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
