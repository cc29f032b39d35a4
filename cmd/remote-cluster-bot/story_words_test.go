package main

import (
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

const clusters = "#clusters"

// seen turns what came back at once into an error where the person would not call it done.
func seen(out workspace.Outcome, err error) error {
	switch {
	case err != nil:
		return err
	case out.Problem != "":
		return fmt.Errorf("%s: %s", out.Problem, out.Shown)
	case len(out.Errors) > 0:
		return fmt.Errorf("errors beside the fields: %v", out.Errors)
	}
	return nil
}

func (s *story) types(_ *testscript.TestScript, args []string) error {
	return seen(s.Slack.User(args[0]).Type(s.ctx, clusters, s.hosts(args[1])))
}

func (s *story) modalOf(who string) (*workspace.Screen, error) {
	_, err := s.Until(s.ctx, storyWait, stage.HasModal(who))
	return s.Slack.User(who).Modal(), err
}

func (s *story) chooses(_ *testscript.TestScript, args []string) error {
	modal, err := s.modalWith(args[0], args[1])
	if err != nil {
		return err
	}
	typed := args[2]
	if len(args) == 4 {
		typed = args[3]
	}
	return seen(modal.Choose(s.ctx, args[1], typed, args[2]))
}

// offers looks at what a select offers for what is typed, without picking.
func (s *story) offers(_ *testscript.TestScript, args []string) error {
	modal, err := s.modalOf(args[0])
	if err != nil {
		return err
	}
	out, err := modal.Suggest(s.ctx, args[1], args[2])
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, o := range out.Options {
		fmt.Fprintf(&list, "%s: %s %s\n", o.Group, o.Text, o.Description)
	}
	for _, want := range args[3:] {
		if !regexp.MustCompile("(?si)" + want).MatchString(list.String()) {
			return fmt.Errorf("%s is not offered, but:\n%s%s", want, list.String(), out.Shown)
		}
	}
	return nil
}

// modalWith is the open modal, with its advanced settings shown where the field is among them.
func (s *story) modalWith(who, field string) (*workspace.Screen, error) {
	modal, err := s.modalOf(who)
	if err != nil {
		return nil, err
	}
	state, err := s.Until(s.ctx, storyWait, stage.ModalShows(who, ""))
	if err != nil {
		return nil, err
	}
	v, _ := state.Modal(who)
	if text := state.RenderView(v); strings.Contains(text, field) || !strings.Contains(text, advancedSettings) {
		return modal, nil
	}
	if err := seen(modal.Press(s.ctx, advancedSettings)); err != nil {
		return nil, err
	}
	if _, err := s.Until(s.ctx, storyWait, stage.ModalShows(who, field)); err != nil {
		return nil, err
	}
	return s.modalOf(who)
}

const advancedSettings = "Advanced settings…"

func (s *story) fills(ts *testscript.TestScript, args []string) error {
	modal, err := s.modalWith(args[0], args[1])
	if err != nil {
		return err
	}
	text := args[2]
	if file, ok := strings.CutPrefix(text, "@"); ok {
		text = ts.ReadFile(file)
	}
	return seen(modal.Fill(s.ctx, args[1], s.hosts(text)))
}

func (s *story) clears(_ *testscript.TestScript, args []string) error {
	modal, err := s.modalWith(args[0], args[1])
	if err != nil {
		return err
	}
	return seen(modal.Clear(s.ctx, args[1]))
}

// tooSlow is what a form says where nothing is wrong but the machine: people are told to submit again.
var tooSlow = regexp.MustCompile("submit or press again|Submit again in a moment")

// submits submits the modal on top, and again where its bot was too slow, as it may be on a busy machine.
func (s *story) submits(_ *testscript.TestScript, args []string) error {
	modal, err := s.modalOf(args[0])
	if err != nil {
		return err
	}
	for range 10 {
		if err = seen(modal.Submit(s.ctx)); err == nil || !tooSlow.MatchString(err.Error()) {
			break
		}
		time.Sleep(300 * time.Millisecond)
	}
	return err
}

// closes presses the cancel button of the modal on top: the one below comes up again, if there is one.
func (s *story) closes(_ *testscript.TestScript, args []string) error {
	modal, err := s.modalOf(args[0])
	if err != nil {
		return err
	}
	return seen(modal.Close(s.ctx))
}

// asks is the whole of asking: command, modal, submission.
func (s *story) asks(ts *testscript.TestScript, args []string) error {
	who, local, remote, patterns := args[0], args[1], args[2], args[3]
	reason := "dashboards"
	if len(args) > 5 {
		reason = args[5]
	}
	if err := s.types(ts, []string{who, "/remote-cluster connect"}); err != nil {
		return err
	}
	if err := s.chooses(ts, []string{who, "Local deployment", local}); err != nil {
		return err
	}
	if err := s.chooses(ts, []string{who, "Remote deployment", remote}); err != nil {
		return err
	}
	if state, err := s.Until(s.ctx, storyWait, stage.ModalShows(who, ":9443")); err != nil {
		v, _ := state.Modal(who)
		return fmt.Errorf("nothing was filled in: %w\n%s", err, state.RenderView(v))
	}
	fields := [][2]string{{"Indices that may be searched", patterns}, {"What is it for?", reason}}
	if len(args) > 4 && args[4] != "" {
		fields = append(fields, [2]string{"Alias", args[4]})
	}
	for _, f := range fields {
		if err := s.fills(ts, []string{who, f[0], f[1]}); err != nil {
			return err
		}
	}
	return s.submits(ts, []string{who})
}

// presses presses a button on the newest message that has it, and says yes where Slack asks. A third argument
// chooses a message by what it once showed: the button is then pressed on it as it looked at first (a stale card).
func (s *story) presses(_ *testscript.TestScript, args []string) error {
	who, button := args[0], args[1]
	var on workspace.Message
	_, err := s.Until(s.ctx, storyWait, func(w workspace.State) bool {
		for _, m := range s.visible(w, who) {
			text := w.Render(m)
			if len(args) == 3 {
				m = m.At(0)
				text = w.Render(m)
			}
			if strings.Contains(text, "[ "+button) && (len(args) < 3 || strings.Contains(text, args[2])) {
				on = m
			}
		}
		return on.TS != ""
	})
	if err != nil {
		return fmt.Errorf("no message has a button %q: %w", button, err)
	}
	return seen(s.Slack.User(who).PressConfirm(s.ctx, on, button))
}

// picks chooses from the first overflow menu of the newest message that has one.
func (s *story) picks(_ *testscript.TestScript, args []string) error {
	var on workspace.Message
	state, err := s.Until(s.ctx, storyWait, func(w workspace.State) bool {
		for _, m := range s.visible(w, args[0]) {
			if strings.Contains(w.Render(m), "[ … ]") {
				on = m
			}
		}
		return on.TS != ""
	})
	if err != nil {
		return fmt.Errorf("no message has a menu: %w\n%s", err, state.Transcript(s.visible(state, args[0])))
	}
	return seen(s.Slack.User(args[0]).On(on).Choose(s.ctx, "list.line", "", args[1]))
}

func (s *story) visible(w workspace.State, who string) []workspace.Message {
	all := w.In(clusters)
	for _, m := range w.In(clusters) {
		all = append(all, stage.Replies(w, m)...)
	}
	if who == "" { // what everybody sees
		return all
	}
	return append(append(all, w.DM(who)...), w.Ephemerals(who)...)
}

func (s *story) cardText(w workspace.State, args []string) (string, []string) {
	return w.Transcript(w.In(clusters)), args
}

func (s *story) threadText(w workspace.State, args []string) (string, []string) {
	return stage.Threads(w), args
}

func (s *story) modalText(w workspace.State, args []string) (string, []string) {
	v, ok := w.Modal(args[0])
	if !ok {
		return "", args[1:]
	}
	return w.RenderView(v), args[1:]
}

func (s *story) privateText(w workspace.State, args []string) (string, []string) {
	return w.Transcript(append(w.Ephemerals(args[0]), w.DM(args[0])...)), args[1:]
}

func (s *story) state(name string) (platform.DeploymentState, error) {
	if d := s.Deployment(name); d != nil {
		return d.State(), nil
	}
	return platform.DeploymentState{}, fmt.Errorf("there is no deployment %s", name)
}

func (s *story) connected(args []string) error {
	d, err := s.state(args[0])
	if err != nil {
		return err
	}
	c, ok := d.Cluster.Connected[args[1]]
	if !ok || !c.Connected || !c.KeyModel {
		return fmt.Errorf("%s is not connected under %s: %+v", args[0], args[1], d.Cluster.Connected)
	}
	return nil
}

func (s *story) keys(args []string) error {
	d, err := s.state(args[0])
	if err != nil {
		return err
	}
	valid := 0
	for _, k := range d.Cluster.Keys {
		if k.Valid {
			valid++
		}
	}
	if strconv.Itoa(valid) != args[1] {
		return fmt.Errorf("%s has %d valid keys, want %s", args[0], valid, args[1])
	}
	return nil
}

// replicas looks whether every valid key of a cluster grants the replication of exactly these patterns.
func (s *story) replicas(args []string) error {
	d, err := s.state(args[0])
	if err != nil {
		return err
	}
	valid := 0
	for _, k := range d.Cluster.Keys {
		if !k.Valid {
			continue
		}
		valid++
		if !slices.Equal(k.Replicas, args[1:]) {
			return fmt.Errorf("the key %s grants the replication of %q, want %q", k.Name, k.Replicas, args[1:])
		}
	}
	if valid == 0 {
		return fmt.Errorf("%s has no valid key", args[0])
	}
	return nil
}

func (s *story) keystore(args []string) error {
	d, err := s.state(args[0])
	if err != nil {
		return err
	}
	want := "cluster.remote." + args[1] + ".credentials"
	for _, entry := range d.Cluster.Keystore {
		if fits, err := path.Match(want, entry); err != nil || fits {
			return err
		}
	}
	return fmt.Errorf("the keystore of %s holds %v", args[0], d.Cluster.Keystore)
}

func (s *story) finds(args []string) error {
	hits, err := s.Search(s.ctx, args[0], args[1])
	if err != nil {
		return err
	}
	if strconv.Itoa(len(hits)) != args[2] {
		return fmt.Errorf("the search found %d documents, want %s", len(hits), args[2])
	}
	return nil
}

func (s *story) calls(args []string) error {
	n := 0
	for _, c := range s.World.Log.Calls() {
		if regexp.MustCompile(args[0]).MatchString(c.Method + " " + c.Path) {
			n++
		}
	}
	if strconv.Itoa(n) != args[1] {
		return fmt.Errorf("%d calls match %s, want %s", n, args[0], args[1])
	}
	return nil
}

func (s *story) posts(args []string) error {
	w := s.Slack.State()
	n := 0
	for _, m := range s.visible(w, "") {
		if regexp.MustCompile("(?si)" + args[0]).MatchString(w.Render(m)) {
			n++
		}
	}
	if strconv.Itoa(n) != args[1] {
		return fmt.Errorf("%d messages match %s, want %s:\n%s", n, args[0], args[1], w.Transcript(s.visible(w, "")))
	}
	return nil
}

func (s *story) sets(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	return stage.AsSuperuser(s.ctx, d, http.MethodPut, "/_cluster/settings", s.hosts(args[1]), nil)
}
