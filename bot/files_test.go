package bot

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

const begun = `{"ok":true,"upload_url":"https://files.slack.com/upload/v1/ticket","file_id":"F0123456789"}`

func TestUploadIsSharedNowhereAndCarriesNoToken(t *testing.T) {
	m, a, log := newMessenger(t, map[string][]answer{"files.getUploadURLExternal": {{body: begun}}})
	a.answers["/upload/v1/ticket"] = []answer{{body: "OK - 3"}}
	id, err := m.Upload(t.Context(), Picture{Name: "map.png", Alt: strings.Repeat("x", 1200), PNG: []byte("png")})
	if err != nil || id != "F0123456789" {
		t.Fatalf("%q, %v", id, err)
	}
	if diff := cmp.Diff([]string{"files.getUploadURLExternal", "/upload/v1/ticket", "files.completeUploadExternal"}, a.methods()); diff != "" {
		t.Fatal(diff)
	}
	if got := a.calls[0].values; got.Get("length") != "3" || got.Get("filename") != "map.png" || len([]rune(got.Get("alt_txt"))) != maxUploadAlt {
		t.Errorf("%v", got)
	}
	if a.calls[1].auth != "" {
		t.Error("the token went along with the bytes")
	}
	if diff := cmp.Diff(url.Values{"files": {`[{"id":"F0123456789","title":"map.png"}]`}}, a.calls[2].values); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(log.String(), "ticket") {
		t.Error("the address is in the log")
	}
}

func TestUploadGoesNowhereElse(t *testing.T) {
	for _, address := range []string{"https://evil.example/x", "http://files.slack.com/x", "https://files.slack.com.evil.example/x", ""} {
		m, a, _ := newMessenger(t, map[string][]answer{"files.getUploadURLExternal": {{body: `{"ok":true,"file_id":"F1","upload_url":"` + address + `"}`}}})
		if _, err := m.Upload(t.Context(), Picture{Name: "a", PNG: []byte("x")}); err == nil || len(a.calls) != 1 {
			t.Errorf("%q: %v, called %v", address, err, a.methods())
		}
	}
}

func TestUploadThatFailsIsTold(t *testing.T) {
	for name, answers := range map[string]map[string][]answer{
		"scope":    {"files.getUploadURLExternal": {{body: `{"ok":false,"error":"missing_scope","needed":"files:write"}`}}},
		"bytes":    {"files.getUploadURLExternal": {{body: begun}}, "/upload/v1/ticket": {{status: http.StatusBadRequest}}},
		"complete": {"files.getUploadURLExternal": {{body: begun}}, "files.completeUploadExternal": {{body: `{"ok":false,"error":"file_not_found"}`}}},
	} {
		m, _, _ := newMessenger(t, answers)
		_, err := m.Upload(t.Context(), Picture{Name: "a", PNG: []byte("x")})
		e := slackError(t, err)
		if (name == "scope") != (e.Kind == Scope && e.Needed == "files:write") {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestAFreshPictureIsPostedUntilSlackTakesIt(t *testing.T) {
	const notYet = `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] invalid slack file [json-pointer:/blocks/0/slack_file]"]}}`
	message := Message{Text: "x", Blocks: []slack.Block{slack.NewImageBlockSlackFile(&slack.SlackFileObject{ID: "F0123456789"}, "a map", "", nil)}}
	for name, test := range map[string]struct {
		answers []answer
		calls   int
		ok      bool
	}{
		"after a while":    {[]answer{{body: notYet}, {body: notYet}, {body: `{"ok":true,"channel":"D1","ts":"1.2"}`}}, 3, true},
		"never":            {[]answer{{body: notYet}}, pictureTries, false},
		"for other blocks": {[]answer{{body: `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["no"]}}`}}, 1, false},
	} {
		m, a, _ := newMessenger(t, map[string][]answer{"chat.postMessage": test.answers})
		m.pace = newRateLimiter(m.o.Now, 1, 1)
		_, err := m.PostPicture(t.Context(), "D1", message)
		if (err == nil) != test.ok || len(a.calls) != test.calls {
			t.Errorf("%s: %v after %d calls", name, err, len(a.calls))
		}
	}
}
