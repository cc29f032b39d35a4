package bot

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Identity is who the bot is. Enterprise is the id of the organization that its workspace is in, if it is in one;
// OrgWide says that the app is installed for the whole of it.
type Identity struct {
	BotID, UserID, Team, URL string
	Enterprise               string
	OrgWide                  bool
}

// Self asks Slack who the bot is (auth.test), once; Team is the team's id.
func (m *Messenger) Self(ctx context.Context) (Identity, error) {
	m.mu.Lock()
	known := m.self
	m.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	var answer struct {
		BotID      string `json:"bot_id"`
		UserID     string `json:"user_id"`
		TeamID     string `json:"team_id"`
		URL        string `json:"url"`
		Enterprise string `json:"enterprise_id"`
		OrgWide    bool   `json:"is_enterprise_install"`
	}
	if err := m.call(ctx, request{method: "auth.test", form: url.Values{}, answer: &answer}); err != nil {
		return Identity{}, err
	}
	self := Identity{BotID: answer.BotID, UserID: answer.UserID, Team: answer.TeamID, URL: answer.URL, Enterprise: answer.Enterprise, OrgWide: answer.OrgWide}
	m.mu.Lock()
	m.self = &self
	m.mu.Unlock()
	return self, nil
}

// OpenDM returns the channel of the direct messages with user; it needs the scope im:write.
func (m *Messenger) OpenDM(ctx context.Context, user string) (string, error) {
	var answer struct {
		Channel idPayload `json:"channel"`
	}
	err := m.call(ctx, request{
		method: "conversations.open", form: url.Values{"users": {user}}, answer: &answer,
	})
	return answer.Channel.ID, err
}

// GroupMembers returns the user ids of a user group (Tier 2: 20 calls a minute, so keep the answer a while).
func (m *Messenger) GroupMembers(ctx context.Context, group string) ([]string, error) {
	var answer struct {
		Users []string `json:"users"`
	}
	err := m.call(ctx, request{
		method: "usergroups.users.list", form: url.Values{"usergroup": {group}}, answer: &answer,
	})
	return answer.Users, err
}

// slackbot is a bot that users.info calls none.
const slackbot = "USLACKBOT"

// Person asks who user is (users.info, Tier 4, scope users:read). active: can press buttons, so is no bot and not
// deactivated; whom Slack does not know is not. member: belongs to the bot's workspace or organization, and is no guest.
func (m *Messenger) Person(ctx context.Context, user string) (active, member bool, err error) {
	if user == slackbot {
		return false, false, nil
	}
	self, err := m.Self(ctx)
	if err != nil {
		return false, false, err
	}
	var answer struct {
		User userInfo `json:"user"`
	}
	err = m.call(ctx, request{method: "users.info", form: url.Values{"user": {user}}, answer: &answer})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "user_not_found" {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	return answer.User.active(), answer.User.memberOf(self), nil
}

// userInfo is a user as users.info describes one (Slack's docs: "User object").
type userInfo struct {
	Team       string `json:"team_id"`
	Deleted    bool   `json:"deleted"`
	Bot        bool   `json:"is_bot"`
	Guest      bool   `json:"is_restricted"` // also of a single channel: is_ultra_restricted comes with it
	Stranger   bool   `json:"is_stranger"`
	Enterprise struct {
		ID string `json:"enterprise_id"`
	} `json:"enterprise_user"`
}

func (u userInfo) active() bool { return !u.Deleted && !u.Bot }

func (u userInfo) memberOf(self Identity) bool {
	home := u.Team == self.Team || self.Enterprise != "" && u.Enterprise.ID == self.Enterprise
	return home && !u.Guest && !u.Stranger
}

// ChannelMembers returns the user ids of everybody in a channel (Tier 4). It needs the read scope of its kind,
// channels:read or groups:read. An answer in more than 50 pages is an error of Kind Other: a part would mislead.
func (m *Messenger) ChannelMembers(ctx context.Context, channel string) ([]string, error) {
	const method, perPage, most = "conversations.members", 200, 50
	form := url.Values{"channel": {channel}, "limit": {strconv.Itoa(perPage)}}
	var all []string
	for range most {
		var page struct {
			envelope
			Members []string `json:"members"`
		}
		if err := m.call(ctx, request{method: method, channel: channel, form: form, answer: &page}); err != nil {
			return nil, err
		}
		all = append(all, page.Members...)
		if page.Metadata.Cursor == "" {
			return all, nil
		}
		form.Set("cursor", page.Metadata.Cursor)
	}
	return nil, &Error{Method: method, Kind: Other, Err: ErrTooMany}
}

// Permalink returns a message's address for people. It never changes, so Slack is asked for it once.
func (m *Messenger) Permalink(ctx context.Context, p Posted) (string, error) {
	if known := m.permalinks.of(p); known != "" {
		return known, nil
	}
	var answer struct {
		Permalink string `json:"permalink"`
	}
	err := m.call(ctx, request{
		method: "chat.getPermalink", channel: p.Channel,
		form: url.Values{"channel": {p.Channel}, "message_ts": {p.TS}}, answer: &answer,
	})
	if err == nil {
		m.permalinks.keep(p, answer.Permalink)
	}
	return answer.Permalink, err
}

// maxPermalinks bounds what is remembered: some 200 bytes each.
const maxPermalinks = 5000

// permalinks remembers the addresses of messages; the oldest is forgotten first.
type permalinks struct {
	mu    sync.Mutex
	known map[Posted]string
	order []Posted
}

func (l *permalinks) of(p Posted) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[p]
}

func (l *permalinks) keep(p Posted, address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[p] != "" {
		return
	}
	if len(l.order) == maxPermalinks {
		delete(l.known, l.order[0])
		l.order = l.order[1:]
	}
	l.known[p] = address
	l.order = append(l.order, p)
}

const (
	pageSize = 100
	maxPages = 10
)

// FindPosted looks for a message of the bot's own whose metadata matches: the way to learn whether a Post
// without an answer (Error.Ambiguous) had its effect. thread is empty for the channel itself, until may be zero. It
// needs the history scope of the kind of channel; without it the error's Kind is Scope. It looks at no more than a
// thousand messages and says so with ErrTooMany, as a search that was cut short has found nothing out.
func (m *Messenger) FindPosted(
	ctx context.Context, channel, thread string, since, until time.Time, match func(Metadata) bool,
) (Posted, bool, error) {
	self, err := m.Self(ctx)
	if err != nil {
		return Posted{}, false, err
	}
	method := "conversations.history"
	form := url.Values{
		"channel": {channel}, "oldest": {slackTime(since)}, "inclusive": {"true"},
		"include_all_metadata": {"true"}, "limit": {strconv.Itoa(pageSize)},
	}
	if !until.IsZero() {
		form.Set("latest", slackTime(until))
	}
	if thread != "" {
		method = "conversations.replies"
		form.Set("ts", thread)
	}
	for range maxPages {
		var page history
		if err := m.call(ctx, request{method: method, channel: channel, form: form, answer: &page}); err != nil {
			return Posted{}, false, err
		}
		for _, msg := range page.Messages {
			if msg.BotID != "" && msg.BotID == self.BotID && msg.Metadata.Type != "" &&
				match(Metadata(msg.Metadata)) {
				return Posted{Channel: channel, TS: msg.TS}, true, nil
			}
		}
		if page.Metadata.Cursor == "" {
			return Posted{}, false, nil
		}
		form.Set("cursor", page.Metadata.Cursor)
	}
	return Posted{}, false, &Error{Method: method, Kind: Other, Err: ErrTooMany}
}

// Metadata returns what a message of the bot's own carries; false for any other message. thread is the ts of the thread
// that it is in, or empty. It needs the history scope of the kind of channel.
func (m *Messenger) Metadata(ctx context.Context, p Posted, thread string) (Metadata, bool, error) {
	self, err := m.Self(ctx)
	if err != nil {
		return Metadata{}, false, err
	}
	method := "conversations.history"
	form := url.Values{
		"channel": {p.Channel}, "oldest": {p.TS}, "latest": {p.TS}, "inclusive": {"true"}, "include_all_metadata": {"true"}, "limit": {"10"},
	}
	if thread != "" {
		method = "conversations.replies"
		form.Set("ts", thread)
	}
	var page history
	if err := m.call(ctx, request{method: method, channel: p.Channel, form: form, answer: &page}); err != nil {
		return Metadata{}, false, err
	}
	for _, msg := range page.Messages { // replies come with the message that the thread hangs on
		if msg.TS == p.TS && msg.BotID != "" && msg.BotID == self.BotID && msg.Metadata.Type != "" {
			return Metadata(msg.Metadata), true, nil
		}
	}
	return Metadata{}, false, nil
}

type history struct {
	envelope
	Messages []struct {
		TS       string          `json:"ts"`
		BotID    string          `json:"bot_id"`
		Metadata metadataPayload `json:"metadata"`
	} `json:"messages"`
}

type metadataPayload struct {
	Type    string         `json:"event_type"`
	Payload map[string]any `json:"event_payload"`
}

// slackTime is a moment as Slack writes it: seconds and microseconds.
func slackTime(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	micros := strconv.FormatInt(1e6+t.UnixMicro()%1e6, 10)[1:]
	return strconv.FormatInt(t.Unix(), 10) + "." + micros
}

// Granted asks Slack which scopes the bot token has: every answer names them in the header X-OAuth-Scopes
// (Slack's docs: "Using the Web API"). It is empty where an answer lacks the header.
func (m *Messenger) Granted(ctx context.Context) ([]string, error) {
	var named string
	err := m.call(ctx, request{method: "auth.test", form: url.Values{}, scopes: &named})
	if err != nil {
		return nil, err
	}
	granted := strings.FieldsFunc(named, func(r rune) bool { return r == ',' || r == ' ' })
	slices.Sort(granted)
	return granted, nil
}
