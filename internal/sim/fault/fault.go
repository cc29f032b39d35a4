// Package fault makes the stand-ins misbehave on order: refuse, hang, hang up before or after the work, answer half,
// be slow, come and go. It wraps any http.Handler, keeps a log of the calls, and must not know what the systems are.
package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Match says which calls an order is about. Empty fields match everything.
type Match struct {
	System string `json:"system,omitempty"` // glob over the system's name: "ece-prod", "Elasticsearch of *"
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`   // glob over the path without the query; ** also matches slashes
	Regexp string `json:"regexp,omitempty"` // over "METHOD path?query"
	Body   string `json:"body,omitempty"`   // a piece of the request's body
	Skip   int    `json:"skip,omitempty"`   // let that many matching calls pass first
}

// Effect is what happens to a call.
type Effect struct {
	Status  int               `json:"status,omitempty"` // answered instead of the truth
	Body    string            `json:"body,omitempty"`   // with Status; empty: an error in the shape of the system
	Headers map[string]string `json:"headers,omitempty"`
	Delay   Duration          `json:"delay,omitempty"` // before anything else
	Hang    bool              `json:"hang,omitempty"`  // no answer until the client gives up
	Close   bool              `json:"close,omitempty"` // the connection is closed without an answer
	Half    bool              `json:"half,omitempty"`  // the connection is closed in the middle of the answer
	// Worked lets the system do the work first: with Status, Hang or Close the client can't know what happened.
	Worked bool `json:"worked,omitempty"`
}

// Order is a fault that was asked for.
type Order struct {
	ID    string `json:"id,omitempty"`
	Match Match  `json:"match"`
	Effect
	Times int   `json:"times,omitempty"` // how many calls it strikes; 0: until it is taken back
	Flap  *Flap `json:"flap,omitempty"`  // come and go instead of striking each call
	// Seen and Struck count the calls that matched and those that suffered.
	Seen   int `json:"seen"`
	Struck int `json:"struck"`
}

// Flap alternates: Down calls are struck, then Up calls pass, then again.
type Flap struct {
	Down int `json:"down"`
	Up   int `json:"up"`
}

// Duration is a time.Duration that JSON writes and reads as "250ms".
type Duration time.Duration

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads "250ms".
func (d *Duration) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("a duration is text such as \"250ms\": %w", err)
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}

// Set holds the orders in force. The zero value is ready; all methods may be called at any time.
type Set struct {
	mu     sync.Mutex
	orders []*order
	next   int
}

type order struct {
	Order
	path, text *regexp.Regexp
}

// Add takes an order and returns its id. It fails for a pattern that can't be read and an effect that does nothing.
func (s *Set) Add(o Order) (string, error) {
	in := &order{Order: o}
	if err := o.check(); err != nil {
		return "", err
	}
	if o.Match.Path != "" {
		in.path = globRegexp(o.Match.Path)
	}
	if o.Match.Regexp != "" {
		re, err := regexp.Compile(o.Match.Regexp)
		if err != nil {
			return "", fmt.Errorf("reading the regexp: %w", err)
		}
		in.text = re
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	if in.ID == "" {
		in.ID = "fault-" + strconv.Itoa(s.next)
	}
	in.Seen, in.Struck = 0, 0
	s.orders = append(s.orders, in)
	return in.ID, nil
}

func (o Order) check() error {
	e := o.Effect
	if e.Status == 0 && e.Delay == 0 && !e.Hang && !e.Close && !e.Half {
		return fmt.Errorf("the order has no effect: give status, delay, hang, close or half")
	}
	if e.Status != 0 && (e.Status < 200 || e.Status > 599) {
		return fmt.Errorf("status %d can't be answered", e.Status)
	}
	if o.Flap != nil && (o.Flap.Down < 1 || o.Flap.Up < 1) {
		return fmt.Errorf("flap wants down and up of at least 1")
	}
	if _, err := path.Match(o.Match.System, ""); err != nil {
		return fmt.Errorf("reading the system's pattern: %w", err)
	}
	return nil
}

// Clear takes back the orders with these ids, or all of them.
func (s *Set) Clear(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = slices.DeleteFunc(s.orders, func(o *order) bool { return len(ids) == 0 || slices.Contains(ids, o.ID) })
}

// Orders returns the orders in force with their counts.
func (s *Set) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Order, 0, len(s.orders))
	for _, o := range s.orders {
		out = append(out, o.Order)
	}
	return out
}

// strike returns the effect that this call suffers, if any: of the first order that matches and is not used up.
func (s *Set) strike(system string, r *http.Request, body []byte) (Effect, string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if !o.matches(system, r, body) || (o.Times > 0 && o.Struck >= o.Times) {
			continue
		}
		o.Seen++
		n := o.Seen - 1 - o.Match.Skip
		if n < 0 || (o.Flap != nil && n%(o.Flap.Down+o.Flap.Up) >= o.Flap.Down) {
			continue
		}
		o.Struck++
		return o.Effect, o.ID, true
	}
	return Effect{}, "", false
}

func (o *order) matches(system string, r *http.Request, body []byte) bool {
	m := o.Match
	if m.System != "" {
		if ok, err := path.Match(m.System, system); err != nil || !ok {
			return false
		}
	}
	if m.Method != "" && !strings.EqualFold(m.Method, r.Method) {
		return false
	}
	if o.path != nil && !o.path.MatchString(r.URL.Path) {
		return false
	}
	if o.text != nil && !o.text.MatchString(r.Method+" "+r.URL.RequestURI()) {
		return false
	}
	return m.Body == "" || strings.Contains(string(body), m.Body)
}

// globRegexp turns a path pattern into a regular expression: * stops at a slash, ** does not.
func globRegexp(glob string) *regexp.Regexp {
	q := regexp.QuoteMeta(glob)
	q = strings.ReplaceAll(q, `\*\*`, `.*`)
	q = regexp.MustCompile(`\\\*`).ReplaceAllString(q, `[^/]*`)
	return regexp.MustCompile("^" + q + "$")
}
