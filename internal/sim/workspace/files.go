package workspace

import (
	"net/http"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

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
