package workspace_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strconv"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func withFiles(o *workspace.Options) { o.App.Scopes = append(o.App.Scopes, "files:write") }

// puts posts bytes to where an upload expects them, and returns the status.
func (w *world) puts(address any, content []byte) int {
	w.t.Helper()
	to, _ := address.(string)
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, to, bytes.NewReader(content))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// uploads is a file that is complete.
func (w *world) uploads(content []byte) string {
	w.t.Helper()
	begun := w.ok("files.getUploadURLExternal", object{"filename": "map.png", "length": strconv.Itoa(len(content)), "alt_txt": "a map"})
	if status := w.puts(begun["upload_url"], content); status != http.StatusOK {
		w.t.Fatalf("upload: %d", status)
	}
	id, _ := begun["file_id"].(string)
	w.ok("files.completeUploadExternal", object{"files": []any{object{"id": id}}})
	return id
}

func shows(channel, file string) object {
	return object{"channel": channel, "text": "x", "blocks": []any{object{"type": "image", "alt_text": "a map", "slack_file": object{"id": file}}}}
}

func TestAPictureIsUploadedAndShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withFiles)
	id := w.uploads(picture(t))
	if one, ok := w.File(id); !ok || one.Alt != "a map" || one.Title != "map.png" || !bytes.Equal(one.Content, picture(t)) {
		t.Errorf("%+v, %v", one, ok)
	}
	opened, _ := w.ok("conversations.open", object{"users": "UALICE"})["channel"].(object)
	dm, _ := opened["id"].(string)
	w.refused("invalid_blocks", "chat.postMessage", shows(dm, id)) // Slack still looks at it
	if w.State().MaySee("UALICE", id) {
		t.Error("seen before a message shows it")
	}
	w.ok("chat.postMessage", shows(dm, id))
	if s := w.State(); !s.MaySee("UALICE", id) || s.MaySee("UBOB", id) {
		t.Error("who sees it is not who sees the message")
	}
	for range 2 {
		message := shows("COPS", id)
		message["user"] = "UALICE"
		w.refused("invalid_blocks", "chat.postEphemeral", message)
	}
}

func TestUploadsThatSlackRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withFiles)
	begin, end := "files.getUploadURLExternal", "files.completeUploadExternal"
	w.refused("missing_argument", begin, object{"filename": "a.png", "length": "0"})
	w.refused("invalid_arguments", begin, object{"length": "1"})
	w.refused("alt_txt_too_large", begin, object{"filename": "a.png", "length": "1", "alt_txt": string(bytes.Repeat([]byte("x"), 1001))})
	w.refused("file_upload_size_restricted", begin, object{"filename": "a.png", "length": "999999999"})
	w.refused("invalid_arguments", end, object{})
	w.refused("file_not_found", end, object{"files": []any{object{"id": "F0UNKNOWN0"}}})

	begun := w.ok(begin, object{"filename": "a.png", "length": "3"})
	w.refused("file_update_failed", end, object{"files": []any{object{"id": begun["file_id"]}}}) // nothing was uploaded
	if status := w.puts(begun["upload_url"], []byte("four")); status != http.StatusBadRequest {
		t.Errorf("another length: %d", status)
	}
	if status := w.puts(begun["upload_url"], []byte("one")); status != http.StatusOK {
		t.Errorf("the right length: %d", status)
	}
	if status := w.puts(begun["upload_url"], []byte("two")); status != http.StatusNotFound {
		t.Errorf("again: %d", status)
	}
	w.ok(end, object{"files": []any{object{"id": begun["file_id"]}}})
	w.refused("file_not_found", end, object{"files": []any{object{"id": begun["file_id"]}}})
	for range 2 {
		id, _ := begun["file_id"].(string)
		w.refused("invalid_blocks", "chat.postMessage", shows("COPS", id)) // no picture
		w.refused("invalid_blocks", "chat.postMessage", shows("COPS", "F0UNKNOWN0"))
	}
}

func TestUploadsNeedTheirScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, method := range []string{"files.getUploadURLExternal", "files.completeUploadExternal"} {
		if out := w.refused("missing_scope", method, object{"filename": "a.png", "length": "1"}); out["needed"] != "files:write" {
			t.Errorf("%s: %v", method, out)
		}
	}
}
