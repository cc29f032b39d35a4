package playground

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
)

// Listen opens a loopback address. It refuses any other: the page plays people, and asks nobody for a password.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("the playground's address %q: %w", addr, err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("the playground listens on loopback only, such as 127.0.0.1:0, not on %q", addr)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", addr)
}

// policy lets the page use what this server serves and nothing else, whatever text finds its way into it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard refuses everybody but the page itself and who opens it with the token. The name in Host is checked against
// DNS rebinding, Origin and Sec-Fetch-Site against other sites' pages, and the token against other users of the
// machine.
func guard(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		port, ok := ownPort(r)
		switch {
		case !ok || !ownHost(r.Host, port):
			http.Error(w, "this page is for this machine only", http.StatusForbidden)
			return
		case !sameOrigin(r):
			http.Error(w, "another site's page has no business here", http.StatusForbidden)
			return
		}
		name := "playground_" + port
		if r.Method == http.MethodGet && r.URL.Path == "/" && isToken(token, r.URL.Query().Get("token")) {
			http.SetCookie(w, &http.Cookie{Name: name, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // loopback has no TLS
			next.ServeHTTP(w, r)
			return
		}
		if c, err := r.Cookie(name); err != nil || !isToken(token, c.Value) {
			http.Error(w, "Open the whole address that the terminal shows: it carries the token that this page requires.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isToken(token, given string) bool {
	return given != "" && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

// ownPort is the port that the request came in on, provided that it is a loopback one.
func ownPort(r *http.Request) (string, bool) {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !addr.IP.IsLoopback() {
		return "", false
	}
	return strconv.Itoa(addr.Port), true
}

func ownHost(host, port string) bool {
	name, p, err := net.SplitHostPort(host)
	return err == nil && p == port && (name == "127.0.0.1" || name == "localhost" || name == "::1")
}

// sameOrigin needs the page itself behind everything but the first look at it. Old browsers send no Sec-Fetch-Site,
// and none sends Origin with a plain GET of its own.
func sameOrigin(r *http.Request) bool {
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	if origin != "" && origin != "http://"+r.Host {
		return false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return origin != "" && (site == "" || site == "same-origin")
	}
	return site == "" || site == "same-origin" || site == "none" || r.URL.Path == "/"
}
