package bot

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Picture is a PNG for a message.
type Picture struct {
	Name string // of the file: "map.png"
	Alt  string // what it shows, in words; cut to what Slack takes
	PNG  []byte
}

// UploadURL is the Method of the errors of an upload's second call, which goes to files.slack.com.
const UploadURL = "upload_url"

const maxUploadAlt = 1000 // Slack's docs: files.getUploadURLExternal, alt_txt_too_large

// Upload gives Slack a picture and returns its file's id. It is shared nowhere: only those see it whom a message of the
// bot's shows it to (files.getUploadURLExternal and files.completeUploadExternal, Tier 4, scope files:write).
func (m *Messenger) Upload(ctx context.Context, p Picture) (file string, err error) {
	var begun struct {
		URL  string `json:"upload_url"`
		File string `json:"file_id"`
	}
	err = m.call(ctx, request{method: "files.getUploadURLExternal", answer: &begun, form: url.Values{
		"filename": {p.Name}, "length": {strconv.Itoa(len(p.PNG))}, "alt_txt": {Cut(p.Alt, maxUploadAlt)},
	}})
	if err != nil {
		return "", err
	}
	if err := m.putFile(ctx, begun.URL, p.PNG); err != nil {
		return "", err
	}
	form := url.Values{}
	if err := setJSON(form, "files", []map[string]string{{"id": begun.File, "title": p.Name}}); err != nil {
		return "", &Error{Method: "files.completeUploadExternal", Kind: BadBlocks, Err: err}
	}
	return begun.File, m.call(ctx, request{method: "files.completeUploadExternal", form: form})
}

// putFile posts a file's bytes to where Slack expects them. The address is a secret, and needs no token.
func (m *Messenger) putFile(ctx context.Context, address string, content []byte) error {
	const name = UploadURL
	if !m.isSlacks(address, "https://files.slack.com", "https://files.slack-gov.com") {
		return &Error{Method: name, Kind: Other, Err: errors.New("not an address of Slack's")}
	}
	if _, _, e := m.roundTrip(ctx, name, address, "application/octet-stream", content, ""); e != nil {
		m.o.Log.WarnContext(ctx, "slack call failed", "request_id", RequestID(ctx), "method", name,
			"kind", e.Kind.String(), "code", e.Code, "status", e.Status)
		return e
	}
	return nil
}

// pictureTries is how often a message that shows a fresh picture is posted: about once a second, by the channel's rate.
const pictureTries = 5

// PostPicture posts a message that shows a picture that was just uploaded: Slack still looks at such a file for a second
// or so, refuses messages that show it, and tells nobody when it is done.
func (m *Messenger) PostPicture(ctx context.Context, channel string, msg Message) (p Posted, err error) {
	for range pictureTries {
		if p, err = m.Post(ctx, channel, msg); !pictureNotReady(err) {
			break
		}
	}
	return p, err
}

func pictureNotReady(err error) bool {
	e, refused := errors.AsType[*Error](err)
	return refused && e.Code == "invalid_blocks" && slices.ContainsFunc(e.Messages, func(s string) bool { return strings.Contains(s, "slack_file") })
}
