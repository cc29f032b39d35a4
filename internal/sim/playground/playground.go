// Package playground serves one page on which a person plays with the bot: a workspace like Slack's, what really
// happens on the clusters beside it, and faults to order. The people of the page act through package workspace, so
// that the bot meets what it would meet from Slack. The package knows the scene and nothing of the bot: it never sees
// a configuration, and whatever runs the bot stands behind the interface Bot.
package playground

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

//go:embed assets
var embedded embed.FS

// Bot is the process that plays the bot.
type Bot interface {
	Status() BotStatus
	// Kill ends the process as SIGKILL does: nothing is released, nobody is told. A new one is started after a moment.
	Kill() error
}

// BotStatus is how the process stands.
type BotStatus struct {
	PID    int       `json:"pid"` // 0 while there is none
	Since  time.Time `json:"since"`
	Starts int       `json:"starts"`
}

// Redis is the server that the bot keeps everything in.
type Redis interface {
	Away()       // connections break, new ones are refused; what is stored stays
	Back() error // the same server on the same address
}

// Person is somebody to play.
type Person struct {
	Handle string `json:"handle"`
	Role   string `json:"role"` // "asks", "approves"
}

// Word is what can be typed behind the slash command.
type Word struct {
	Verb string `json:"verb"`
	Args string `json:"args"`
	Does string `json:"does"`
}

// Cast is what the page leads to: that one cluster searches indices of another.
type Cast struct {
	Platform string `json:"-"` // whose clusters are shown, and broken; empty: all are shown, and those of Elastic Cloud broken
	Local    string `json:"local"`
	Remote   string `json:"remote"`
	Indices  string `json:"indices"`
}

// Options are what the page shows. All are required but Log.
type Options struct {
	Scene   *sim.Scene
	Title   string
	Cast    Cast
	Bot     Bot
	Redis   Redis
	Token   string // opens the page: anyone who knows it may play
	Command string // "/remote-cluster"
	Words   []Word
	People  []Person
	Now     func() time.Time
	Log     *slog.Logger // discards
	// Real is what GET / answers of each deployment whose cluster is a real one, by name; nil: all are simulated.
	Real map[string]string
}

// Playground is the page with what it plays on. Close it.
type Playground struct {
	o      Options
	faults *faults
	shells shells
	done   chan struct{}
}

// New makes the page.
func New(o Options) *Playground {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Playground{o: o, faults: newFaults(o), shells: shells{typed: map[string]string{}}, done: make(chan struct{})}
}

// Close takes back the faults and ends the streams.
func (p *Playground) Close() {
	close(p.done)
	p.faults.close()
}

// Handler serves the page. It answers only those who come by a loopback address, know the token, and do not come
// from another site's page.
func (p *Playground) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic("playground: the assets are not embedded: " + err.Error())
	}
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(assets)))
	mux.HandleFunc("GET /setting", func(w http.ResponseWriter, _ *http.Request) { p.answer(w, p.setting()) })
	mux.HandleFunc("GET /events", p.stream)
	mux.HandleFunc("GET /files/{id}", p.file)
	mux.HandleFunc("POST /act", p.act)
	mux.HandleFunc("POST /search", p.search)
	mux.HandleFunc("POST /keystore", p.keystore)
	mux.HandleFunc("POST /faults", p.order)
	return guard(p.o.Token, mux)
}

// setting is what does not change while the page is open.
func (p *Playground) setting() any {
	app := p.o.Scene.Slack.App()
	return struct {
		Command   string               `json:"command"`
		Words     []Word               `json:"words"`
		People    []Person             `json:"people"`
		Channel   string               `json:"channel"`
		AppID     string               `json:"app_user"`
		Shortcuts []workspace.Shortcut `json:"shortcuts"`
		Real      map[string]string    `json:"real"`
		Title     string               `json:"title"`
		Cast      Cast                 `json:"cast"`
		ByHand    []string             `json:"by_hand"`
	}{p.o.Command, p.o.Words, p.o.People, sim.Channel, app.BotUserID, app.Shortcuts, p.o.Real, p.o.Title, p.o.Cast, p.byHand()}
}

func (p *Playground) page(w http.ResponseWriter, _ *http.Request) {
	raw, err := embedded.ReadFile("assets/index.html")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(raw)
}

// file is a picture that a message shows; the page plays everybody, so it may see them all.
func (p *Playground) file(w http.ResponseWriter, r *http.Request) {
	one, ok := p.o.Scene.Slack.File(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(one.Content)
}

// act does what a person does. What a person can't do in Slack's client is told as error.
func (p *Playground) act(w http.ResponseWriter, r *http.Request) {
	var a workspace.Act
	if !p.read(w, r, &a) {
		return
	}
	outcome, err := p.o.Scene.Slack.Act(r.Context(), a)
	p.answer(w, struct {
		workspace.Outcome
		Error string `json:"error,omitempty"`
	}{outcome, text(err)})
}

// search searches on a deployment as its superuser would from Kibana.
func (p *Playground) search(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Deployment string `json:"deployment"`
		Target     string `json:"target"`
	}
	if !p.read(w, r, &in) {
		return
	}
	var found sim.Found
	err := errors.New("a target is index patterns, such as logs-*, without spaces or slashes")
	if in.Target != "" && !strings.ContainsAny(in.Target, "/?#% \t\n\\") {
		found, err = p.o.Scene.Find(r.Context(), "elastic", in.Deployment, in.Target)
	}
	p.answer(w, struct {
		Hits    []sim.Hit         `json:"hits"`
		Skipped map[string]string `json:"skipped,omitempty"` // by alias: why
		Error   string            `json:"error,omitempty"`
	}{found.Hits, found.Skipped, text(err)})
}

// order begins a fault, or ends it.
func (p *Playground) order(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID string `json:"id"`
		On bool   `json:"on"`
	}
	if !p.read(w, r, &in) {
		return
	}
	err := p.faults.set(in.ID, in.On)
	p.answer(w, struct {
		Error string `json:"error,omitempty"`
	}{text(err)})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

const maxBody = 64 << 10 // of what the page sends

func (p *Playground) read(w http.ResponseWriter, r *http.Request, into any) bool {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		http.Error(w, "send application/json", http.StatusUnsupportedMediaType)
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func (p *Playground) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.o.Log.Debug("the page went away", "error", err)
	}
}
