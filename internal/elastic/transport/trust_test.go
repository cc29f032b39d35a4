package transport_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

func TestNothingIsSentInClear(t *testing.T) {
	send := func(trust transport.Trust, address string) error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.NewTransport(trust).RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	for _, address := range []string{"http://service.invalid:9200/", "http://192.0.2.1/", "http://127.0.0.1.invalid/"} {
		if err := send(transport.Trust{}, address); !errors.Is(err, transport.ErrPlainHTTP) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/"} {
		if err := send(transport.Trust{}, address); errors.Is(err, transport.ErrPlainHTTP) {
			t.Errorf("%s does not leave this host: %v", address, err)
		}
	}
	if err := send(transport.Trust{Insecure: true}, "http://service.invalid/"); errors.Is(err, transport.ErrPlainHTTP) {
		t.Errorf("insecure: %v", err)
	}
}
