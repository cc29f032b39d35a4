package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The words of testscript come before ours: its stop ends a story as passed, and what follows is not looked at.
func TestNoWordOfStoriesIsOneOfTestscripts(t *testing.T) {
	t.Parallel()
	for word := range storyWords {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "word.txtar")
			if err := os.WriteFile(file, []byte(word+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			ours := false
			defer func() {
				if !ours {
					t.Errorf("%s is a word of testscript", word)
				}
			}()
			testscript.RunT(alone{t}, testscript.Params{Files: []string{file}, Cmds: map[string]func(*testscript.TestScript, bool, []string){
				word: func(*testscript.TestScript, bool, []string) { ours = true },
			}})
		})
	}
}

// alone runs a script within its own test.
type alone struct{ *testing.T }

func (a alone) Run(_ string, f func(testscript.T)) { f(a) }
func (alone) Parallel()                            {}
func (alone) Verbose() bool                        { return false }
