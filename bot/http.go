package bot

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"time"
)

// HTTPOptions is what the HTTP source needs.
type HTTPOptions struct {
	// SigningSecrets are the signing secrets that are accepted: one, or two while one replaces the other. An
	// empty one accepts nothing.
	SigningSecrets []func() string
	MaxBody        int64 // bytes of a request's body; default 1 MiB (a filled-in modal may be 750 kB)
	// MaxUnverified is how many bytes all bodies may take whose signature is not checked yet; default 32 MiB.
	MaxUnverified int64
	BodyTimeout   time.Duration // for reading a body; default 3 s, in which Slack requires the answer
	// TrustedProxies are those whose X-Forwarded-For is believed. Where there are any, a client may use an eighth of
	// MaxUnverified; without, nothing tells clients apart.
	TrustedProxies []netip.Prefix
	Now            func() time.Time
	Log            *slog.Logger
}

// NewHTTPSource serves Slack's request URLs: POST /slack/commands, /slack/interactivity, /slack/options and
// /slack/events. Everything is signed; anyone who cannot sign gets the same 401 whatever was wrong.
func NewHTTPSource(r *Router, o HTTPOptions) http.Handler {
	_, h := newHTTPSource(r, o)
	return h
}

func newHTTPSource(r *Router, o HTTPOptions) (*httpSource, http.Handler) {
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	o.MaxUnverified = cmp.Or(o.MaxUnverified, 32<<20)
	o.BodyTimeout = cmp.Or(o.BodyTimeout, 3*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Now = clockOr(o.Now)
	s := &httpSource{router: r, o: o, unverified: newUnverified(o.MaxUnverified, o.BodyTimeout)}
	mux := http.NewServeMux()
	mux.Handle("/slack/commands", s.endpoint(formType, s.command))
	mux.Handle("/slack/interactivity", s.endpoint(formType, s.interaction))
	mux.Handle("/slack/options", s.endpoint(formType, s.interaction))
	mux.Handle("/slack/events", s.endpoint(jsonType, s.event))
	return s, mux
}

type httpSource struct {
	router     *Router
	o          HTTPOptions
	unverified *unverified
}

// errBadRequest is a signed request that cannot be read.
var errBadRequest = errors.New("not what this address takes")

// endpoint checks a request from the outside in, cheapest first, and answers with what serve returns.
func (s *httpSource) endpoint(mediaType string, serve func(context.Context, []byte) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			s.refuse(w, http.StatusMethodNotAllowed, "POST only")
			return
		}
		if got, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || got != mediaType {
			s.refuse(w, http.StatusUnsupportedMediaType, mediaType+" only")
			return
		}
		signed, claimed := signatureOf(req.Header, s.o.Now())
		body, status := s.read(w, req, claimed, mediaType)
		if status != 0 {
			s.refuse(w, status, refusals[status])
			return
		}
		if !claimed || !signed.by(s.o.SigningSecrets, body) {
			if isSSLCheck(mediaType, body) {
				return // an empty 200 says that the certificate is fine, which is all that is asked
			}
			s.o.Log.WarnContext(req.Context(), "request not signed by Slack", "path", req.URL.Path, "bytes", len(body))
			s.refuse(w, http.StatusUnauthorized, refusals[http.StatusUnauthorized])
			return
		}
		vouch(req.Context())
		answer, err := serve(req.Context(), body)
		if err != nil {
			s.o.Log.ErrorContext(req.Context(), "request cannot be read",
				"path", req.URL.Path, "bytes", len(body), "error", err)
			http.Error(w, errBadRequest.Error(), http.StatusBadRequest)
			return
		}
		s.reply(w, req, answer)
	})
}

// refusals are the texts of answers to requests that were not read, or not signed.
var refusals = map[int]string{
	http.StatusUnauthorized:          "not signed by Slack",
	http.StatusBadRequest:            "the body can't be read",
	http.StatusRequestTimeout:        "the body came too slowly",
	http.StatusRequestEntityTooLarge: "the body is too large",
}

// refuse answers, and closes the connection without waiting for the rest of a body.
func (s *httpSource) refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Connection", "close")
	http.Error(w, text, status)
	_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
}

// read returns the body, or the status that refuses it. Without a signature in the headers it reads only what could be
// an ssl_check.
func (s *httpSource) read(w http.ResponseWriter, req *http.Request, claimed bool, mediaType string) ([]byte, int) {
	limit := s.o.MaxBody
	if !claimed {
		limit = maxUnsigned
		if mediaType != formType || req.ContentLength < 0 || req.ContentLength > limit {
			return nil, http.StatusUnauthorized
		}
	}
	if req.ContentLength > limit {
		return nil, http.StatusRequestEntityTooLarge
	}
	body, err := s.unverified.read(w, req, limit, clientOf(req, s.o.TrustedProxies))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errEvicted) {
		return nil, http.StatusRequestTimeout
	}
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return body, 0
}

func (s *httpSource) reply(w http.ResponseWriter, req *http.Request, answer []byte) {
	if len(answer) == 0 {
		return // an empty 200
	}
	w.Header().Set("Content-Type", jsonType+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	if _, err := w.Write(answer); err != nil {
		s.o.Log.WarnContext(req.Context(), "answer not delivered", "path", req.URL.Path, "error", err)
	}
}

func (s *httpSource) command(ctx context.Context, body []byte) ([]byte, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errBadRequest
	}
	if form.Get("ssl_check") == "1" {
		return nil, nil
	}
	p := commandPayload{
		Command: form.Get("command"), Text: form.Get("text"),
		TeamID: form.Get("team_id"), Enterprise: form.Get("enterprise_id"), UserID: form.Get("user_id"), UserName: form.Get("user_name"),
		ChannelID: form.Get("channel_id"), TriggerID: form.Get("trigger_id"), ResponseURL: form.Get("response_url"),
	}
	if p.Command == "" {
		return nil, errBadRequest
	}
	return s.router.command(ctx, p, delivery{}), nil
}

// interaction reads the payload from the body alone: the signature does not cover the query string.
func (s *httpSource) interaction(ctx context.Context, body []byte) ([]byte, error) {
	payload, ok := payloadOf(body)
	if !ok {
		return nil, errBadRequest
	}
	return s.router.interaction(ctx, payload, delivery{})
}

// payloadOf reads the one field of the form. Slack sends nothing else, so as a rule the form need not be taken apart.
func payloadOf(body []byte) ([]byte, bool) {
	if value, alone := bytes.CutPrefix(body, []byte("payload=")); alone && bytes.IndexByte(value, '&') < 0 && bytes.IndexByte(value, ';') < 0 {
		return unescaped(value)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !form.Has("payload") {
		return nil, false
	}
	return []byte(form.Get("payload")), true
}

// unescaped decodes in place what url.QueryUnescape would.
func unescaped(value []byte) ([]byte, bool) {
	out := value[:0]
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '+':
			out = append(out, ' ')
		case '%':
			if i+2 >= len(value) {
				return nil, false
			}
			high, low := hexDigits[value[i+1]], hexDigits[value[i+2]]
			if high > 15 || low > 15 {
				return nil, false
			}
			out = append(out, high<<4|low)
			i += 2
		default:
			out = append(out, value[i])
		}
	}
	return out, true
}

// hexDigits is the value of each hexadecimal digit; 255 for what is none.
var hexDigits = func() (t [256]byte) {
	for c := range t {
		switch {
		case '0' <= c && c <= '9':
			t[c] = byte(c - '0')
		case 'a' <= c && c <= 'f':
			t[c] = byte(c - 'a' + 10)
		case 'A' <= c && c <= 'F':
			t[c] = byte(c - 'A' + 10)
		default:
			t[c] = 255
		}
	}
	return t
}()

func (s *httpSource) event(ctx context.Context, body []byte) ([]byte, error) {
	return s.router.event(ctx, body, delivery{})
}

// isSSLCheck recognizes the request by which Slack looks at a certificate now and then; it runs nothing
// (Slack's docs: "Implementing slash commands", ssl_check).
func isSSLCheck(mediaType string, body []byte) bool {
	if mediaType != formType {
		return false
	}
	form, err := url.ParseQuery(string(body))
	return err == nil && form.Get("ssl_check") == "1" && !form.Has("command") && !form.Has("payload")
}
