package workspace

import (
	"cmp"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

const (
	maxAlt   = 1000
	maxBytes = 1 << 20 // of a file here; Slack takes a gigabyte
)

// filesGetUploadURLExternal begins an upload (Slack's docs: files.getUploadURLExternal).
func filesGetUploadURLExternal(r *request) (object, *apiError) {
	length, err := strconv.Atoi(r.str("length"))
	switch {
	case r.str("filename") == "" || err != nil:
		return nil, fail("invalid_arguments", "[ERROR] missing required field: filename or length")
	case length <= 0:
		return nil, fail("missing_argument")
	case length > maxBytes:
		return nil, fail("file_upload_size_restricted")
	case utf8.RuneCountInString(r.str("alt_txt")) > maxAlt:
		return nil, fail("alt_txt_too_large")
	}
	one := &File{ID: r.newID("F"), Name: r.str("filename"), Alt: r.str("alt_txt"), length: length, ticket: r.newID("upload")}
	r.files.files = append(r.files.files, one)
	return object{"upload_url": r.public() + "/upload/" + one.ticket, "file_id": one.ID}, nil
}

// filesCompleteUploadExternal ends it. With no channel, the file is shared nowhere.
func filesCompleteUploadExternal(r *request) (object, *apiError) {
	raw, _, ok := r.json("files")
	list, isList := raw.([]any)
	if !ok || !isList || len(list) == 0 {
		return nil, fail("invalid_arguments", "[ERROR] missing required field: files")
	}
	if r.str("channel_id")+r.str("channels") != "" {
		return nil, fail("invalid_arguments", "[ERROR] this workspace shares files by messages alone")
	}
	var done []any
	for _, given := range field.Objects(list) {
		one := r.file(field.Str(given, "id"))
		switch {
		case one == nil || one.complete:
			return nil, fail("file_not_found")
		case len(one.Content) != one.length:
			return nil, fail("file_update_failed")
		}
		one.Title, one.complete = cmp.Or(field.Str(given, "title"), one.Name), true
		done = append(done, object{"id": one.ID, "title": one.Title, "mimetype": "", "filetype": ""}) // not known yet, as in Slack
	}
	r.touch()
	return object{"files": done}, nil
}

// serveUpload takes the bytes of a file, once.
func (a *api) serveUpload(rw http.ResponseWriter, req *http.Request) {
	fault := a.takeFault("upload_url")
	if fault != nil && fault.before(rw, req, a.done) {
		return
	}
	content, err := uploaded(req)
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.files.files, func(one *File) bool { return one.ticket != "" && one.ticket == req.PathValue("ticket") })
	if i < 0 || err != nil {
		http.Error(rw, "not_found", http.StatusNotFound)
		return
	}
	one := a.files.files[i]
	if len(content) != one.length {
		http.Error(rw, "file_size_mismatch", http.StatusBadRequest)
		return
	}
	one.ticket, one.Content = "", content
	_, _ = io.WriteString(rw, "OK - "+strconv.Itoa(len(content)))
}

// uploaded are the bytes of a file: the body, or the first part of a form, as some of Slack's own clients send it.
func uploaded(req *http.Request) ([]byte, error) {
	var body io.Reader = req.Body
	if kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type")); kind == "multipart/form-data" {
		parts, err := req.MultipartReader()
		if err != nil {
			return nil, err
		}
		if body, err = parts.NextPart(); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(body, maxBytes+1))
}

// File is a file that the app has uploaded. Everybody sees it who sees a message with it; until then it is the app's.
type File struct {
	ID, Name, Title, Alt string
	Content              []byte

	length   int
	ticket   string // of its upload URL; empty once it is used
	complete bool
	ready    bool // a message can show it: Slack looks at files for a while first
}

// files are all of them.
type files struct {
	*core
	files []*File
}

// File returns a file that is complete.
func (f *files) File(id string) (File, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.file(id); one != nil && one.complete {
		return *one, true
	}
	return File{}, false
}

func (f *files) file(id string) *File {
	i := slices.IndexFunc(f.files, func(one *File) bool { return one.ID == id })
	if i < 0 {
		return nil
	}
	return f.files[i]
}

// isPicture reports whether it is of the kinds that an image block shows (Slack's docs: "Slack file object").
func isPicture(content []byte) bool {
	return slices.Contains([]string{"image/png", "image/jpeg", "image/gif"}, http.DetectContentType(content))
}

// showsFile reports whether a message shows a file.
func (m Message) showsFile(id string) bool {
	return slices.ContainsFunc(field.Objects(m.Blocks), func(b object) bool { return field.Str(field.Obj(b, "slack_file"), "id") == id })
}

// MaySee reports whether a message shows a file to somebody.
func (s State) MaySee(user, file string) bool {
	return slices.ContainsFunc(s.Messages, func(m Message) bool {
		return !m.Deleted && m.showsFile(file) && slices.ContainsFunc(s.Channels, func(c Channel) bool { return c.ID == m.Channel && c.has(user) })
	})
}
