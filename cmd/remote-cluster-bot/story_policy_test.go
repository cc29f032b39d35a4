package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/cli"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// settings puts a file of the script in the place of the example's approvals, or of the file before. IN-TWO-DAYS in it is a day of the week, $WORK
// the story's folder, ID(name) a deployment's id.
func (s *story) settings(ts *testscript.TestScript, args []string) error {
	short := regexp.MustCompile(`(?ms)^(?:approvals|policy):.*?\n\n`)
	if !short.Match(s.Text) {
		return errors.New("the example has no approvals")
	}
	s.inTwoDays = time.Now().UTC().AddDate(0, 0, 2)
	day := strings.ToLower(s.inTwoDays.Weekday().String()[:3])
	text := strings.NewReplacer("IN-TWO-DAYS", day, "$WORK", ts.Getenv("WORK")).Replace(s.hosts(ts.ReadFile(args[0])))
	s.Text = short.ReplaceAllLiteral(s.Text, []byte(text+"\n\n"))
	return nil
}

// dawns sets Redis's clock, by which approved work becomes due, to noon of the day that settings called IN-TWO-DAYS.
func (s *story) dawns(*testscript.TestScript, []string) error {
	s.Redis.SetTime(s.inTwoDays.Truncate(24 * time.Hour).Add(12 * time.Hour))
	return nil
}

// keyless takes the credentials of Elastic Cloud's clusters away.
func (s *story) keyless(*testscript.TestScript, []string) error {
	at := bytes.Index(s.Text, []byte("    credentials:"))
	if at < 0 {
		return errors.New("the example has no credentials")
	}
	s.Text = s.Text[:at]
	return nil
}

func (s *story) group(_ *testscript.TestScript, args []string) error {
	for _, g := range s.Slack.State().Groups {
		if g.ID == args[0] {
			s.Slack.SetGroupMembers(args[0], args[1:]...)
			return nil
		}
	}
	s.Slack.AddGroup(workspace.Group{ID: args[0], Handle: strings.ToLower(args[0]), Members: args[1:]})
	return nil
}

// call makes a call as a person would, with "user:password" or an API key.
func (s *story) call(url, auth, body string, answer any) error {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if user, password, ok := strings.Cut(auth, ":"); ok {
		req.SetBasicAuth(user, password)
	} else {
		req.Header.Set("Authorization", "ApiKey "+auth)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %s", resp.Status, text)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

func (s *story) filters(_ *testscript.TestScript, args []string) error {
	return s.attaches(args[0], "everybody", "ip", `{"source":"0.0.0.0/0"}`)
}

var callShown = regexp.MustCompile("(?s)```POST (/_security/[a-z_/]+)\n(.*?)```")

// makes makes a key on a cluster: a cross-cluster key exactly as the modal shows the call, or one of the REST API.
func (s *story) makes(ts *testscript.TestScript, args []string) error {
	who, kind, d := args[0], args[1], s.Deployment(args[2])
	path, body := "/_security/api_key", `{"name":"by mistake"}`
	if kind == "cross-cluster" {
		state, err := s.Until(s.ctx, storyWait, stage.HasModal(who))
		if err != nil {
			return err
		}
		v, _ := state.Modal(who)
		for _, b := range v.Blocks {
			block, _ := b.(map[string]any)
			shown, _ := block["text"].(map[string]any)
			text, _ := shown["text"].(string)
			if m := callShown.FindStringSubmatch(text); m != nil {
				path, body = m[1], html.UnescapeString(m[2])
			}
		}
	}
	var made struct {
		Encoded string `json:"encoded"`
	}
	if err := s.call(d.ServiceURL()+path, "elastic:"+d.Cluster().Password("elastic"), body, &made); err != nil {
		return err
	}
	s.made = append(s.made, made.Encoded)
	ts.Setenv("KEY", made.Encoded)
	return nil
}

func (s *story) opensHome(_ *testscript.TestScript, args []string) error {
	return seen(s.Slack.User(args[0]).OpenHome(s.ctx))
}

func (s *story) homeText(w workspace.State, args []string) (string, []string) {
	v, ok := w.Home(args[0])
	if !ok {
		return "", args[1:]
	}
	return w.RenderView(v), args[1:]
}

func (s *story) taps(_ *testscript.TestScript, args []string) error {
	return seen(s.Slack.User(args[0]).Home().PressConfirm(s.ctx, args[1]))
}

func (s *story) publishes(args []string) error {
	n := 0
	for _, c := range s.Slack.Calls("views.publish") {
		if c.Args["user_id"] == s.Slack.State().UserID(args[0]) {
			n++
		}
	}
	if strconv.Itoa(n) != args[1] {
		return fmt.Errorf("the home tab of %s was drawn %d times, want %s", args[0], n, args[1])
	}
	return nil
}

// waits lets time pass, where a story is about that.
func (s *story) waits(_ *testscript.TestScript, args []string) error {
	d, err := time.ParseDuration(args[0])
	time.Sleep(d)
	return err
}

// written waits until a file is there and not empty: what the bot writes on its own comes when it comes.
func (s *story) written(ts *testscript.TestScript, args []string) error {
	return s.eventually(func() error {
		f, err := os.Stat(ts.MkAbs(args[0]))
		if err == nil && f.Size() == 0 {
			err = fmt.Errorf("%s is empty", args[0])
		}
		return err
	})
}

// tampers does to the audit what somebody with Redis's password could: it edits the second entry; or, as they would who know
// how the chain is made, cuts its end off or writes it anew as a whole, together with the head.
func (s *story) tampers(_ *testscript.TestScript, args []string) error {
	const stream = "rcb:{demo}:audit"
	entries, err := s.Redis.Stream(stream)
	if err != nil || len(entries) < 4 {
		return errors.Join(err, errors.New("there is no audit"))
	}
	how := strings.Join(args, " ")
	if how == "cut" {
		entries = entries[:len(entries)-2]
	}
	s.Redis.Del(stream)
	hash := change.GenesisHash
	for i, e := range entries {
		if i == 2 && how != "cut" {
			e.Values[1] = strings.Replace(e.Values[1], "U0BOB", "U0CAROL", 1)
		}
		if hash = change.ChainHash(hash, e.Values[1]); how == "anew" {
			e.Values[3] = hash
		}
		if _, err := s.Redis.XAdd(stream, e.ID, e.Values); err != nil {
			return err
		}
	}
	if how != "" {
		s.Redis.HSet("rcb:{demo}:audit:head", "hash", hash, "count", strconv.Itoa(len(entries)))
	}
	return nil
}

func (s *story) corrupts(ts *testscript.TestScript, args []string) error {
	for _, key := range s.Redis.Keys() {
		id, is := strings.CutPrefix(key, "rcb:{demo}:req:")
		if !is || strings.Contains(id, ":") || len(args) == 1 && s.Redis.HGet(key, "reason") != args[0] {
			continue
		}
		s.corrupted, s.whole = key, s.Redis.HGet(key, "proposal")
		s.Redis.HSet(key, "proposal", "{")
		ts.Setenv("ID", id)
		return nil
	}
	return errors.New("there is no such request")
}

// repairs makes the record readable that was corrupted last.
func (s *story) repairs(*testscript.TestScript, []string) error {
	s.Redis.HSet(s.corrupted, "proposal", s.whole)
	return nil
}

// runs runs a subcommand on a configuration file that points to the story's stand-ins.
func (s *story) runs(ts *testscript.TestScript, args []string) error {
	at := s.Redis.Addr()
	if s.server != nil {
		at = s.server.Addr
	}
	text := strings.NewReplacer("\nredis:\n", "\nredis:\n  timeout: "+patientRedis.String()+"\n", "127.0.0.1:6379", at, "https://ece.example.com:12443", s.ECE.URL(),
		"https://api.elastic-cloud.com", s.Cloud.URL(), "  mode: http", "  api_url: "+s.Slack.APIURL()+"\n  mode: http",
	).Replace(string(s.Text))
	for name, value := range s.Secrets() {
		file := ts.MkAbs("secret-" + name)
		ts.Check(os.WriteFile(file, []byte(value), 0o600))
		text = strings.ReplaceAll(text, "{ env: "+name+" }", "{ file: "+file+" }")
	}
	file := ts.MkAbs("story.yaml")
	ts.Check(os.WriteFile(file, []byte(text), 0o600))
	cmd := root()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append(args, "--config", file))
	err := cmd.ExecuteContext(s.ctx)
	if err != nil && !errors.Is(err, cli.ErrSilent) {
		fmt.Fprintln(&out, err)
	}
	ts.Check(os.WriteFile(ts.MkAbs("out.txt"), out.Bytes(), 0o600))
	ts.Logf("%s", out.String())
	return err
}

// overdue puts the end of each recorded connection into the past.
func (s *story) overdue(_ *testscript.TestScript, args []string) error {
	ago, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	until, key := regexp.MustCompile(`"until":"[^"]*"`), "rcb:{demo}:records"
	names, err := s.Redis.HKeys(key)
	if err != nil {
		return err
	}
	for _, name := range names {
		s.Redis.HSet(key, name, until.ReplaceAllString(s.Redis.HGet(key, name), `"until":"`+time.Now().Add(-ago).UTC().Format(time.RFC3339)+`"`))
	}
	return nil
}
