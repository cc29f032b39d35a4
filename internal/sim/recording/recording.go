// Package recording keeps all that was said between the bot and the stand-ins, so that it can be held against
// somebody else's description afterwards. It is for tests: what it writes holds the stand-ins' secrets.
package recording

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// Line is one thing that was said: exactly one of the last three is there.
type Line struct {
	Story    string              // which story it belongs to
	Exchange *fault.Exchange     `json:",omitempty"` // the bot and Elastic
	Call     *workspace.Call     `json:",omitempty"` // the bot to Slack's Web API
	Delivery *workspace.Delivery `json:",omitempty"` // Slack to the bot, and its answer
}

// Writer writes lines of JSON, one for each Line. It is safe for concurrent use.
type Writer struct {
	mu    sync.Mutex
	out   io.Writer
	errs  []error
	story string
}

// NewWriter writes what happens in a story to out.
func NewWriter(out io.Writer, story string) *Writer { return &Writer{out: out, story: story} }

// Exchange records a call to Elastic; it is a fault.Observer.
func (w *Writer) Exchange(x fault.Exchange) { w.write(Line{Exchange: &x}) }

// Call records a call of Slack's Web API.
func (w *Writer) Call(c workspace.Call) { w.write(Line{Call: &c}) }

// Delivery records what Slack delivered.
func (w *Writer) Delivery(d workspace.Delivery) { w.write(Line{Delivery: &d}) }

func (w *Writer) write(l Line) {
	l.Story = w.story
	raw, err := json.Marshal(l)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		_, err = w.out.Write(append(raw, '\n'))
	}
	w.errs = append(w.errs, err)
}

// Err returns what went wrong with any line.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.errs...)
}

// Read reads what a Writer wrote.
func Read(in io.Reader) ([]Line, error) {
	var out []Line
	dec := json.NewDecoder(bufio.NewReader(in))
	for {
		var l Line
		err := dec.Decode(&l)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading line %d of a recording: %w", len(out)+1, err)
		}
		out = append(out, l)
	}
}
