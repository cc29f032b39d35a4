package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// Act is a person's doing, as the control API takes it. Do is one of type, say, fill, choose, suggest, clear,
// submit, close, dismiss, press, confirm, home, shortcut.
type Act struct {
	User    string `json:"user"`
	Do      string `json:"do"`
	Channel string `json:"channel,omitempty"` // for type and say; with TS for what is done on a message
	TS      string `json:"ts,omitempty"`
	Version *int   `json:"version,omitempty"` // of the message's history; missing: as it is now
	On      string `json:"on,omitempty"`      // "home" for the home tab; else the message at TS, else the modal
	Block   string `json:"block,omitempty"`   // the block_id that Field is in, where its name alone is not enough
	Field   string `json:"field,omitempty"`   // also a button, or a shortcut's callback_id
	Text    string `json:"text,omitempty"`    // what is typed
	Option  string `json:"option,omitempty"`
}

// Act does what a person does.
func (w *Workspace) Act(ctx context.Context, a Act) (Outcome, error) {
	u := w.User(a.User)
	switch a.Do {
	case "type":
		return u.Type(ctx, a.Channel, a.Text)
	case "say":
		_, err := u.Say(a.Channel, a.TS, a.Text)
		return Outcome{}, err
	case "home":
		return u.OpenHome(ctx)
	case "shortcut":
		if a.TS == "" {
			return u.Shortcut(ctx, a.Field)
		}
		m, err := w.find(a)
		if err != nil {
			return Outcome{}, err
		}
		return u.MessageShortcut(ctx, m, a.Field)
	}
	screen, err := w.screen(u, a)
	if err != nil {
		return Outcome{}, err
	}
	screen.block = a.Block
	return act(ctx, screen, a)
}

func act(ctx context.Context, s *Screen, a Act) (Outcome, error) {
	switch a.Do {
	case "fill":
		return s.Fill(ctx, a.Field, a.Text)
	case "choose":
		return s.Choose(ctx, a.Field, a.Text, a.Option)
	case "suggest":
		return s.Suggest(ctx, a.Field, a.Text)
	case "clear":
		return s.Clear(ctx, a.Field)
	case "press":
		return s.Press(ctx, a.Field)
	case "confirm":
		if a.Option != "" {
			return s.ChooseConfirm(ctx, a.Field, a.Text, a.Option)
		}
		return s.PressConfirm(ctx, a.Field)
	case "submit":
		return s.Submit(ctx)
	case "close":
		return s.Close(ctx)
	case "dismiss":
		return s.Dismiss(ctx)
	default:
		return Outcome{}, fmt.Errorf("nobody can %q", a.Do)
	}
}

func (w *Workspace) screen(u *User, a Act) (*Screen, error) {
	switch {
	case a.On == "home":
		return u.Home(), nil
	case a.TS == "":
		return u.Modal(), nil
	}
	m, err := w.find(a)
	if err != nil {
		return nil, err
	}
	return u.On(m), nil
}

func (w *Workspace) find(a Act) (Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := a.Channel
	if c := w.channel(a.Channel); c != nil {
		id = c.ID
	}
	m := w.message(id, a.TS)
	if m == nil {
		return Message{}, fmt.Errorf("there is no message %s in %q", a.TS, a.Channel)
	}
	if a.Version == nil {
		return m.clone(), nil
	}
	if *a.Version < 0 || *a.Version >= len(m.History) {
		return Message{}, fmt.Errorf("the message has only %d versions", len(m.History))
	}
	return m.clone().At(*a.Version), nil
}

// Order changes the world, as the control API's POST /faults takes it: an API fault, or one of the rest.
type Order struct {
	Fault           *Fault   `json:"fault,omitempty"`
	Clear           bool     `json:"clear,omitempty"`
	Archive         string   `json:"archive,omitempty"`
	Kick            string   `json:"kick,omitempty"`
	Deactivate      string   `json:"deactivate,omitempty"`
	Revoke          *string  `json:"revoke,omitempty"` // an error string; "" ends it
	Delete          *Message `json:"delete,omitempty"` // channel and ts
	Reconnect       string   `json:"reconnect,omitempty"`
	Drop            bool     `json:"drop,omitempty"`
	Redeliver       *bool    `json:"redeliver,omitempty"`
	RefuseNewBlocks *bool    `json:"refuse_new_blocks,omitempty"`
}

// Do carries an order out.
func (w *Workspace) Do(o Order) {
	switch {
	case o.Fault != nil:
		w.Fail(*o.Fault)
	case o.Clear:
		w.ClearFaults()
	case o.Archive != "":
		w.Archive(o.Archive)
	case o.Kick != "":
		w.Kick(o.Kick)
	case o.Deactivate != "":
		w.Deactivate(o.Deactivate)
	case o.Revoke != nil:
		w.Revoke(*o.Revoke)
	case o.Delete != nil:
		w.DeleteMessage(o.Delete.Channel, o.Delete.TS)
	case o.Reconnect != "":
		w.sockets.AskToReconnect(o.Reconnect)
	case o.Drop:
		w.sockets.DropConnections()
	case o.Redeliver != nil:
		w.sockets.RedeliverUnacked(*o.Redeliver)
	case o.RefuseNewBlocks != nil:
		w.change(func() { w.opts.RefuseNewBlocks = *o.RefuseNewBlocks })
	}
}

// stateWait is how long GET /state?after=n waits for something newer.
const stateWait = 25 * time.Second

// ControlHandler is the control API, for mounting beside a page that drives it.
func (w *Workspace) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /act", func(rw http.ResponseWriter, req *http.Request) {
		var a Act
		if !readJSON(rw, req, &a) {
			return
		}
		outcome, err := w.Act(req.Context(), a)
		answer := struct {
			Outcome
			Error string `json:"error,omitempty"`
		}{Outcome: outcome}
		if err != nil {
			answer.Error = err.Error()
		}
		writeJSON(rw, answer)
	})
	mux.HandleFunc("POST /faults", func(rw http.ResponseWriter, req *http.Request) {
		var o Order
		if !readJSON(rw, req, &o) {
			return
		}
		w.Do(o)
		writeJSON(rw, object{"ok": true})
	})
	mux.HandleFunc("GET /calls", func(rw http.ResponseWriter, req *http.Request) {
		writeJSON(rw, object{"calls": w.Calls(req.URL.Query().Get("method"))})
	})
	mux.HandleFunc("GET /state", w.serveState)
	return mux
}

// serveState answers at once, or, with ?after=n, when something newer than n is there.
func (w *Workspace) serveState(rw http.ResponseWriter, req *http.Request) {
	after := -1
	if s := req.URL.Query().Get("after"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			http.Error(rw, "after is not a number", http.StatusBadRequest)
			return
		}
		after = n
	}
	ctx, cancel := context.WithTimeout(req.Context(), stateWait)
	defer cancel()
	state, err := w.WaitFor(ctx, func(s State) bool { return s.Seq > after })
	if errors.Is(err, errClosed) {
		http.Error(rw, err.Error(), http.StatusServiceUnavailable)
		return
	}
	writeJSON(rw, state)
}

// readJSON insists on a JSON content type, so that no page of another site can act here.
func readJSON(rw http.ResponseWriter, req *http.Request, into any) bool {
	if kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type")); kind != "application/json" {
		http.Error(rw, "send application/json", http.StatusUnsupportedMediaType)
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(rw, req.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func writeJSON(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	_, _ = rw.Write(marshal(v))
}
