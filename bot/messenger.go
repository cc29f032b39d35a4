package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// MessengerOptions is what a Messenger needs. Token is required.
type MessengerOptions struct {
	Token            func() string // the bot token, asked for at every call
	APIURL           string        // default https://slack.com/api/
	HTTP             *http.Client  // its transport and jar are used; redirects are never followed
	Timeout          time.Duration // of every single call; default 10 s
	PostEvery        time.Duration // between posts in one channel; default 1 s
	UpdatesPerMinute int           // over all channels; default 45
	Now              func() time.Time
	Log              *slog.Logger
	// Called hears of every call: its method, and "ok" or the Kind of its error. It must not block.
	Called func(method, outcome string, took time.Duration)
	// Carry gives what a modal carries from the event that draws it to those that come from it, through Slack and to
	// any replica: a trace. Up to 100 characters, no semicolon; what does not fit into private_metadata stays behind.
	Carry func(context.Context) string
}

// Messenger is the way out to Slack. Its errors are *Error.
type Messenger struct {
	*caller
	modals
	permalinks permalinks

	mu   sync.Mutex
	self *Identity // the answer of auth.test; a bot does not change who it is
}

// NewMessenger returns a Messenger; it calls nobody yet.
func NewMessenger(o MessengerOptions) *Messenger {
	if o.APIURL == "" {
		o.APIURL = slack.APIURL
	}
	if !strings.HasSuffix(o.APIURL, "/") {
		o.APIURL += "/"
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.PostEvery <= 0 {
		o.PostEvery = time.Second
	}
	if o.UpdatesPerMinute <= 0 {
		o.UpdatesPerMinute = 45
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Called == nil {
		o.Called = func(string, string, time.Duration) {}
	}
	if o.Carry == nil {
		o.Carry = func(context.Context) string { return "" }
	}
	o.Now = clockOr(o.Now)
	client := http.Client{}
	if o.HTTP != nil {
		client = *o.HTTP
	}
	// A redirect would carry texts to wherever it points, and the Web API has none.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &caller{o: o, http: &client, pace: newRateLimiter(o.Now, o.PostEvery, o.UpdatesPerMinute)}
	if u, err := url.Parse(o.APIURL); err == nil {
		c.host = u.Scheme + "://" + u.Host
	}
	return &Messenger{caller: c, modals: modals{c}, permalinks: permalinks{known: map[Posted]string{}}}
}

// Posted is where a message is.
type Posted struct{ Channel, TS string }

// MessageTime is when Slack posted a message: its ts is seconds and microseconds.
func MessageTime(ts string) (time.Time, error) {
	seconds, micros, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	us, err := strconv.ParseInt((micros + "000000")[:6], 10, 64)
	return time.Unix(s, us*1000), err
}

// Metadata goes with a message and is read by programs. Everybody in the workspace can see it: ids only.
type Metadata struct {
	Type    string
	Payload map[string]any
}

// Message is what is posted. Text is all that screen readers and notifications use, blocks or not.
type Message struct {
	Text      string
	Blocks    []slack.Block
	Thread    string // ts of the message that this one answers
	Broadcast bool   // an answer in a thread that shows in the channel too
	Metadata  *Metadata
}

// Post posts a message. It is not tried again when its outcome is unknown (Error.Ambiguous): use FindPosted.
func (m *Messenger) Post(ctx context.Context, channel string, msg Message) (Posted, error) {
	const method = "chat.postMessage"
	form, err := m.form(ctx, method, channel, msg)
	if err != nil {
		return Posted{}, err
	}
	form.Set("unfurl_links", "false")
	form.Set("unfurl_media", "false")
	if msg.Thread != "" {
		form.Set("thread_ts", msg.Thread)
		if msg.Broadcast {
			form.Set("reply_broadcast", "true")
		}
	}
	var answer struct {
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	}
	if err := m.call(ctx, request{method: method, channel: channel, form: form, answer: &answer}); err != nil {
		return Posted{}, err
	}
	return Posted{Channel: cmp.Or(answer.Channel, channel), TS: answer.TS}, nil
}

// Update replaces a message of ours whole: without blocks it loses those it had, without metadata it keeps it.
func (m *Messenger) Update(ctx context.Context, p Posted, msg Message) error {
	const method = "chat.update"
	form, err := m.form(ctx, method, p.Channel, msg)
	if err != nil {
		return err
	}
	form.Set("ts", p.TS)
	return m.call(ctx, request{method: method, channel: p.Channel, form: form})
}

// Delete removes a message of ours.
func (m *Messenger) Delete(ctx context.Context, p Posted) error {
	return m.call(ctx, request{
		method: "chat.delete", channel: p.Channel,
		form: url.Values{"channel": {p.Channel}, "ts": {p.TS}},
	})
}

// Ephemeral shows a message to one user, until that user's client forgets it.
func (m *Messenger) Ephemeral(ctx context.Context, channel, user string, msg Message) error {
	const method = "chat.postEphemeral"
	msg.Metadata = nil // the method takes none
	form, err := m.form(ctx, method, channel, msg)
	if err != nil {
		return err
	}
	form.Set("user", user)
	if msg.Thread != "" {
		form.Set("thread_ts", msg.Thread)
	}
	return m.call(ctx, request{method: method, channel: channel, form: form})
}

// form is the part that all chat methods have in common.
func (m *Messenger) form(ctx context.Context, method, channel string, msg Message) (url.Values, error) {
	form := url.Values{"channel": {channel}, "text": {m.cut(ctx, method, msg.Text)}}
	if len(msg.Blocks) > 0 {
		if err := setJSON(form, "blocks", msg.Blocks); err != nil {
			return nil, &Error{Method: method, Kind: BadBlocks, Err: err}
		}
	}
	if msg.Metadata != nil {
		metadata := slack.SlackMetadata{EventType: msg.Metadata.Type, EventPayload: msg.Metadata.Payload}
		if err := setJSON(form, "metadata", metadata); err != nil {
			return nil, &Error{Method: method, Kind: BadBlocks, Err: err}
		}
	}
	return form, nil
}

func setJSON(form url.Values, key string, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	form.Set(key, string(encoded))
	return nil
}

// maxMessageText is the most that chat.update takes, in code points; chat.postMessage splits what is longer.
const maxMessageText = 4000

// cut shortens a text that Slack would refuse or split: a shorter message serves people better than none.
func (m *Messenger) cut(ctx context.Context, method, text string) string {
	short := Cut(text, maxMessageText)
	if short != text {
		m.o.Log.ErrorContext(ctx, "message text is too long and was cut", "request_id", RequestID(ctx), "method", method)
	}
	return short
}

// Respond answers by a response_url: five times within 30 minutes. The message is for the user alone, or, with
// replaceOriginal, takes the place of the one that the interaction came from. The URL comes from a payload, so
// only Slack's own host (and the API's) is called.
func (m *Messenger) Respond(ctx context.Context, responseURL string, msg Message, replaceOriginal bool) error {
	const name = "response_url"
	if !m.isSlacks(responseURL, "https://hooks.slack.com", "https://hooks.slack-gov.com") {
		return &Error{Method: name, Kind: Other, Err: errors.New("not an address of Slack's")}
	}
	payload, err := json.Marshal(struct {
		Text            string        `json:"text"`
		Blocks          []slack.Block `json:"blocks,omitempty"`
		Thread          string        `json:"thread_ts,omitempty"`
		ResponseType    string        `json:"response_type,omitempty"`
		ReplaceOriginal bool          `json:"replace_original"`
	}{m.cut(ctx, name, msg.Text), msg.Blocks, msg.Thread, "ephemeral", replaceOriginal})
	if err != nil {
		return &Error{Method: name, Kind: BadBlocks, Err: err}
	}
	if _, _, e := m.roundTrip(ctx, name, responseURL, jsonType+"; charset=utf-8", payload, ""); e != nil {
		if e.Status == http.StatusNotFound || e.Status == http.StatusGone {
			e.Kind = Expired
		}
		m.o.Log.WarnContext(ctx, "slack call failed", "request_id", RequestID(ctx), "method", name,
			"kind", e.Kind.String(), "code", e.Code, "status", e.Status)
		return e
	}
	return nil
}

// isSlacks reports whether an address that came from outside is at one of Slack's origins, or where the API is.
func (m *Messenger) isSlacks(address string, origins ...string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Host == "" {
		return false
	}
	origin := u.Scheme + "://" + u.Host
	return origin == m.host || slices.Contains(origins, origin)
}
