package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/app"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage/stagetest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
	"github.com/remote-cluster-bot/remote-cluster-bot/store/storetest"
)

// TestStories tells what the bot does as transcripts: people type, fill, submit and press in a Slack workspace, and
// the clusters behind it are looked at. The words are the functions in storyWords; CONTRIBUTING lists them.
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LOCAL_VERSION", "8.17.4")  // of logs-prod
			env.Setenv("REMOTE_VERSION", "8.18.1") // of metrics-eu
			return setTheStage(t, env, nil)
		},
		Cmds:      storyWords,
		Condition: condition(false),
	})
}

// story is one script's stage with what the script has changed on it.
type story struct {
	*stage.Stage
	ctx    context.Context //nolint:containedctx // a script has no other place for it
	edits  []func(*config.Config)
	in     *actor
	before map[string]string // how the clusters stood at the beginning
	log    *stagetest.Log
	issued stagetest.IssuedKeys
	made   []string // encoded keys that people made
	inHand string   // the key that a person was shown last
	probe  string   // the entry by which that is tried
	loop   *searchLoop
	pagers map[string]*pager // by webhook

	corrupted, whole string // the key of the request whose proposal was overwritten, and what it was

	followers []cluster.Follower // of the one cluster that has some, and likewise:
	tasks     []cluster.Task

	verifyAtLeast time.Duration // where nodes are real, and take their time

	inTwoDays time.Time // a window of the settings opens on this day

	stories *testing.T        // all of them: what they share ends with it
	server  *storetest.Server // a real redis-server in place of the one inside this process; nil: none
	backup  map[string]string // of that server: values by key, as DUMP writes them
}

type storyKey struct{}

// patientRedis is the longest that redis.timeout may be: on a busy machine even an embedded Redis takes its time.
const patientRedis = 2 * time.Second

// storyWait is how long a word waits for what it expects to see. It bounds a failing story, not a passing one.
const storyWait = 2 * time.Minute

// condition knows [real]: the clusters are real ones.
func condition(real bool) func(string) (bool, error) {
	return func(name string) (bool, error) {
		if name != "real" {
			return false, fmt.Errorf("nothing is known of the condition %s", name)
		}
		return real, nil
	}
}

// setTheStage prepares a story; with may change the scene.
func setTheStage(t *testing.T, env *testscript.Env, with func(sim.Options) sim.Options) error { //nolint:thelper // it prepares a story, not a check
	ctx, cancel := context.WithCancel(context.Background())
	log := &stagetest.Log{}
	s := &story{ctx: ctx, log: log, stories: t}
	o := sim.Options{Now: time.Now, Observe: func(p platform.Options) platform.Options {
		p.OnExchange = s.issued.See
		return p
	}}
	if with != nil {
		o = with(o)
	}
	if o.Nodes != nil {
		s.verifyAtLeast = realVerifyWithin
	}
	o, recorded, err := stagetest.Record(o, filepath.Base(env.WorkDir))
	if err != nil {
		cancel()
		return err
	}
	s.Stage, err = stage.New(ctx, o, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		cancel()
		return err
	}
	s.before = worldState(s.World.State())
	env.Values[storyKey{}] = s
	env.Defer(func() {
		defer s.closePagers()
		if s.in != nil {
			if err := s.in.Leave(); err != nil {
				env.T().Log("the bot ended with: ", err)
			}
		}
		held := s.everythingInRedis()
		cancel()
		s.Close()
		if err := recorded(); err != nil {
			env.T().Fatal("recording: ", err)
		}
		if found := s.leaks(held); found != "" {
			env.T().Fatal("a secret leaked: ", found)
		}
	})
	return nil
}

func of(ts *testscript.TestScript) *story {
	s, ok := ts.Value(storyKey{}).(*story)
	if !ok {
		ts.Fatalf("no story is being told")
	}
	return s
}

var storyWords = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	// The bot.
	"configure": plain(1, -1, (*story).configure), // configure approvals.wait=2s …
	"start":     plain(0, 0, (*story).start),
	"quit":      plain(0, 0, (*story).stop), // stop is a word of testscript, which ends a story as passed
	// People.
	"types":   plain(2, 2, (*story).types),   // types alice '/remote-cluster connect'
	"chooses": plain(3, 4, (*story).chooses), // chooses alice 'Local deployment' logs-prod [typed]
	"offers":  plain(4, -1, (*story).offers), // offers alice 'Remote deployment' typed REGEXP…
	"fills":   plain(3, 3, (*story).fills),
	"clears":  plain(2, 2, (*story).clears),
	"submits": plain(1, 1, (*story).submits),
	"closes":  plain(1, 1, (*story).closes),
	"asks":    plain(4, 6, (*story).asks), // asks alice logs-prod metrics-eu 'metrics-*' [alias] [reason]
	"presses": plain(2, 3, (*story).presses),
	// certifies alice search-old metrics-eu ALIAS: asks for certificates, and bob approves
	"certifies": plain(1, 4, (*story).certifies), // with alice alone: chooses that model in her modal
	"picks":     plain(2, 2, (*story).picks),     // picks alice Status: in the first menu … of the newest message that has one
	"clicks":    plain(2, 2, (*story).clicks),    // clicks alice 'Advanced settings…' in the modal
	// What they see. Each waits until it is so; ! expects it not to be so now.
	"card":   seeing((*story).cardText),
	"thread": seeing((*story).threadText),
	"modal":  seeing((*story).modalText),   // modal alice REGEXP
	"told":   seeing((*story).privateText), // told bob REGEXP
	// picture alice down working: she is shown a map with lines of these states (story_map_test.go)
	"picture": checking((*story).picture),
	// Approvals (story_policy_test.go).
	"settings": plain(1, 1, (*story).settings), // settings policy.yaml: takes the place of approvals
	"dawns":    plain(0, 0, (*story).dawns),    // the day that the settings call IN-TWO-DAYS
	"keyless":  plain(0, 0, (*story).keyless),  // the bot has no user on Elastic Cloud
	"group":    plain(1, -1, (*story).group),   // group S0OWNERS bob carol
	"filters":  plain(1, 1, (*story).filters),  // filters metrics-eu: a network filter that allows everyone
	"hands":    plain(5, 5, (*story).hands),    // hands logs-prod byhand metrics-eu 'by hand' '{"search":[…]}': a key of that name and access, made and stored by a person
	"sees":     checking((*story).sees),        // sees logs-prod 'byhand:metrics-*' 2 '@timestamp,host': so many documents, with these fields
	"makes":    plain(3, 3, (*story).makes),    // makes bob cross-cluster|rest metrics-eu: $KEY is its encoded form
	"opens":    plain(1, 1, (*story).opensHome),
	"taps":     plain(2, 2, (*story).taps), // taps bob Approve: on the home tab
	"home":     seeing((*story).homeText),
	// publishes mallory 1: how often the home tab was drawn for somebody
	"publishes": checking((*story).publishes),
	"written":   plain(1, 1, (*story).written),  // written made.jsonl: waits until the bot has written the file
	"tampers":   plain(0, 1, (*story).tampers),  // edits the second entry of the audit; tampers cut: its end; tampers anew: all of it
	"corrupts":  plain(0, 1, (*story).corrupts), // corrupts [REASON]: makes a request's record unreadable, the one with that reason or the only one's; $ID is its id
	"repairs":   plain(0, 0, (*story).repairs),  // and makes it whole again
	"overdue":   plain(1, 1, (*story).overdue),  // overdue 2h: every connection should have ended so long ago
	"waits":     plain(1, 1, (*story).waits),
	"logs":      plain(1, 1, (*story).logs),  // logs PATTERN: waits until the bot has said so in its log
	"runs":      plain(1, -1, (*story).runs), // runs audit verify: a subcommand; what it prints stands in out.txt
	// The world.
	"connected": checking((*story).connected),      // connected logs-prod metrics-eu
	"certified": checking((*story).certified),      // certified logs-prod metrics-eu: connected without a key
	"trusts":    checking((*story).trusts),         // trusts logs-prod 1: how many others than its own
	"keys":      checking((*story).keys),           // keys metrics-eu 1
	"replicas":  checking((*story).replicas),       // replicas metrics-eu 'metrics-*': what each valid key of it lets others replicate
	"keystore":  checking((*story).keystore),       // keystore logs-prod metrics-eu
	"search":    checking((*story).finds),          // search logs-prod 'metrics-eu:metrics-*' 5
	"same":      checking((*story).asBefore),       // same: clusters are as they were at the start
	"calls":     checking((*story).calls),          // calls REGEXP COUNT
	"posts":     checking((*story).posts),          // posts REGEXP COUNT in channel and threads
	"fails":     plain(3, -1, (*story).fails),      // fails ece-prod 'PATCH' '**/keystore' status=503 times=2
	"heals":     plain(0, 0, (*story).heals),       // no fault any more
	"slack":     plain(2, -1, (*story).slackFails), // slack chat.postMessage status=503 times=3
	"workspace": plain(1, 2, (*story).happens),     // workspace revokes | restores | archives | unarchives | deletes TEXT | dismisses WHO | restricts WHO | withholds SCOPE | refuses: it takes none of the new blocks
	"redis":     plain(1, 1, (*story).redisState),  // redis down | up | real | full | free | backup | restored | emptied (story_redis_test.go)
	"sets":      plain(2, 2, (*story).sets),        // sets logs-prod '{"persistent":…}' as a person would; HOST(name) is an endpoint
	"port":      plain(3, 3, (*story).port),        // port logs-prod metrics-eu 9400: somebody changes the port
	"expires":   plain(1, 2, (*story).expires),     // expires metrics-eu [20d]: every key of it ends now, or in so many days
	"effective": checking((*story).effective),      // effective logs-prod metrics-eu false: skip_unavailable as it is in effect
	"misnames":  plain(2, 3, (*story).misnames),    // misnames logs-prod metrics-eu [rightly]: the trust in it names another id, or the right one again
	"distrusts": plain(2, 2, (*story).distrusts),   // distrusts logs-prod metrics-eu: the trust in it is removed
	"lapses":    plain(1, 2, (*story).lapses),      // lapses metrics-eu [renewed]: the certificates of its nodes have ended, or are good again
	"parts":     plain(2, 2, (*story).parts),       // parts logs-prod ALIAS: its sockets are closed and opened anew until a search fails
	"retains":   plain(2, 2, (*story).retains),     // retains logs-prod ALIAS: the nodes hold a key that their keystore does not have
	"licenses":  plain(2, 2, (*story).licenses),    // licenses metrics-eu basic
	"predates":  plain(1, 1, (*story).predates),    // predates metrics-eu: every key of it is as 8.14 made them
	"follows":   plain(3, 4, (*story).follows),     // follows logs-prod copy metrics-eu [pattern]: a follower index, or an auto-follow pattern, through an alias
	"tasks":     plain(4, 5, (*story).hasTask),     // tasks logs-prod transform daily metrics-eu:metrics-* [key]: a transform, datafeed or watch, by a key of its own
	"lends":     plain(3, 3, (*story).lends),       // lends logs-prod grafana metrics-eu: an API key with remote_indices of an alias
	"running":   checking((*story).running),        // running logs-prod daily…: these run; ! running: none of them does
	"befriend":  plain(2, 2, (*story).befriend),    // befriend logs-prod metrics-eu: both trust each other's certificates
	"remembers": plain(0, 0, (*story).remembers),   // "same" means as it is now
	"shortcut":  plain(3, 3, (*story).shortcut),    // shortcut carol diagnose_connection TEXT: on the message that shows it
	"searching": plain(2, 2, (*story).searching),   // searching logs-prod 'metrics-eu:*': again and again from now on
	"searched":  plain(0, 0, (*story).searched),    // ends that; no search failed
	"protects":  plain(3, 3, (*story).protects),    // protects metrics-eu office 198.51.100.0/24 | cluster:NAME | organization:PLATFORM | vpce:ID: a filter that lets nobody else in
	"firewalls": plain(1, 1, (*story).firewalls),   // firewalls metrics-eu: a filter for what goes out of it
	"filtered":  checking((*story).filtered),       // filtered metrics-eu 2: how many network filters apply
	"roles":     checking((*story).roles),          // roles logs-prod NAME
	"employs":   plain(2, -1, (*story).employs),    // employs logs-prod dana [role…]: a user with exactly these roles
	"finds":     checking((*story).findsAs),        // finds dana logs-prod 'metrics-eu:metrics-*' 6: what that user finds
	"plans":     plain(3, 4, (*story).plans),       // plans metrics-eu fail 1 [2]: so many of its plans fail, after so many good ones
	"loses":     plain(1, 1, (*story).loses),       // loses logs-prod: its nodes lose the next connection that is set
	"forgets":   plain(2, 2, (*story).forgets),     // forgets logs-prod metrics-eu: its nodes know the alias no more, though it is set
	"reboots":   plain(1, 1, (*story).reboots),     // reboots logs-prod: its nodes restart
	"raises":    plain(2, 2, (*story).raises),      // raises ece ece-lab: another platform, before the start
	"entrusts":  plain(2, 2, (*story).entrusts),    // entrusts metrics-eu ece-prod: the authority of those proxies is uploaded there
	// webhook on-call cloudevents|pagerduty|alertmanager; later on-call away|back
	"webhook": plain(2, 2, (*story).webhook),
	"paged":   checking((*story).paged),      // paged on-call REGEXP…: one event that it took shows all
	"pages":   checking((*story).pages),      // pages on-call REGEXP COUNT
	"hooks":   plain(1, 1, (*story).hooks),   // hooks datacentre: an endpoint edits the keystores of its clusters
	"puts":    plain(3, 4, (*story).puts),    // puts bob search-dc ALIAS [wrong|once]: the key of bob's modal into the keystore
	"copies":  plain(2, 2, (*story).copies),  // copies search-dc ALIAS: the proven key to where the old one is
	"empties": plain(2, 2, (*story).empties), // empties search-dc ALIAS: its key goes from the keystore
	"serves":  plain(2, 2, (*story).serves),  // serves search-dc nobody|keys: remote_cluster_server.enabled
	"rolls":   plain(2, 2, (*story).rolls),   // rolls elastic-cloud aws-eu-west-1: the coming authority takes over
	"reads":   plain(1, 1, (*story).reads),   // reads ece-prod: $ID is its environment id, as its console shows it
	"mutes":   plain(1, 1, (*story).mutes),   // mutes search-old: whom of its own it trusts is not shown
	// Strong identity verification (story_identity_test.go).
	"deploys":  plain(5, 5, (*story).deploys), // deploys elastic-cloud orders-eu 9.3.1 aws-eu-west-1 orders-2026: one more deployment
	"uploads":  plain(3, 3, (*story).uploads), // uploads orders-eu /app/config/signing/x.crt reports-us: the authority of the last, as a bundle
	"believes": checking((*story).believes),   // believes orders-eu FILE…: the authorities that are set
	"demands":  checking((*story).demands),    // demands orders-eu reports-eu: its keys take certificates of that cluster, or organization:PLATFORM, alone
	"signs":    checking((*story).signs),      // signs reports-eu orders-eu: the alias signs with node.crt
}

func plain(least, most int, do func(*story, *testscript.TestScript, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if len(args) < least || most >= 0 && len(args) > most {
			ts.Fatalf("wrong number of words: %q", args)
		}
		err := do(of(ts), ts, args)
		switch {
		case err != nil && !neg:
			ts.Fatalf("%v", err)
		case err == nil && neg:
			ts.Fatalf("this should not have worked")
		case err != nil:
			ts.Logf("as wanted: %v", err)
		}
	}
}

// seeing makes a word that waits until the text matches every pattern; the first argument may name who looks.
func seeing(text func(*story, workspace.State, []string) (string, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		s := of(ts)
		match := func(state workspace.State) bool {
			shown, patterns := text(s, state, args)
			for _, p := range patterns {
				if !regexp.MustCompile("(?si)" + p).MatchString(shown) {
					return false
				}
			}
			return true
		}
		if neg {
			if match(s.Slack.State()) {
				shown, _ := text(s, s.Slack.State(), args)
				ts.Fatalf("seen, but should not be:\n%s", shown)
			}
			return
		}
		state, err := s.Until(s.ctx, storyWait, match)
		shown, _ := text(s, state, args)
		if err != nil {
			ts.Fatalf("not seen: %q (%v)\nbut:\n%s\nlog:\n%s", args, err, shown, s.log)
		}
		ts.Logf("%s", shown)
	}
}

// checking makes a word that looks at the world until it is as wanted.
func checking(check func(*story, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		s := of(ts)
		if !neg {
			if err := s.eventually(func() error { return check(s, args) }); err != nil {
				ts.Fatalf("%v\nlog:\n%s", err, s.log)
			}
			return
		}
		err := s.eventually(func() error {
			if check(s, args) == nil {
				return errors.New("this is so, but should not be")
			}
			return nil
		})
		if err != nil {
			ts.Fatalf("%v: %q", err, args)
		}
	}
}

// eventually looks until nothing is wrong any more, and returns what still is when the wait is over.
func (s *story) eventually(look func() error) error {
	deadline := time.Now().Add(storyWait)
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) { // a look at real nodes costs them something
		err := look()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

func (s *story) configure(ts *testscript.TestScript, args []string) error {
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "approvals.wait":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			s.edits = append(s.edits, func(c *config.Config) { c.Approvals.Wait = config.Duration(d) })
		case "approvals.count", "watch.expiry_days", "quotas.person", "quotas.channel":
			n, err := strconv.Atoi(value)
			ts.Check(err)
			s.edits = append(s.edits, func(c *config.Config) {
				*map[string]*int{
					"approvals.count": &c.Approvals.Count, "watch.expiry_days": &c.Watch.ExpiryDays,
					"quotas.person": &c.Quotas.Person, "quotas.channel": &c.Quotas.Channel,
				}[name] = n
			})
		case "watch.every":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			s.edits = append(s.edits, func(c *config.Config) { c.Watch.Every = config.Duration(d) })
		case "executor.verify_within":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			d = max(d, s.verifyAtLeast)
			s.edits = append(s.edits, func(c *config.Config) { c.Executor.VerifyWithin = config.Duration(d) })
		case "executor.step_within":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			s.edits = append(s.edits, func(c *config.Config) { c.Executor.StepWithin = config.Duration(d) })
		case "executor.by_hand_within":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			s.edits = append(s.edits, func(c *config.Config) { c.Executor.ByHandWithin = config.Duration(d) })
		case "platforms.add_filters":
			s.edits = append(s.edits, func(c *config.Config) {
				for i := range c.Platforms {
					c.Platforms[i].AddFilters = value == "true" && c.Platforms[i].Kind != elastic.KindSelfManaged
				}
			})
		case "platforms.strong_identity":
			s.edits = append(s.edits, func(c *config.Config) { c.Platforms[0].StrongIdentity = value == "true" })
		case "platforms.private_hosts": // of Elastic Cloud
			region, host, _ := strings.Cut(value, ":")
			s.edits = append(s.edits, func(c *config.Config) {
				c.Platforms[1].PrivateHosts = []config.PrivateHosts{{Region: region, Hosts: []string{host}}}
			})
		case "platforms.egress":
			s.edits = append(s.edits, func(c *config.Config) { c.Platforms[0].Egress = strings.Split(value, ",") })
		case "slack.mode":
			s.Socket = value == "socket"
			s.Slack.SetApp(func(a *workspace.App) { a.SocketMode = s.Socket })
		default:
			return fmt.Errorf("nothing is known of %s", name)
		}
	}
	return nil
}

func (s *story) start(*testscript.TestScript, []string) error {
	c, err := s.Config(func(c *config.Config) {
		c.Redis.Timeout = config.Duration(patientRedis)
		for _, edit := range s.edits {
			edit(c)
		}
	})
	if err != nil {
		return err
	}
	s.in, err = enter(s.ctx, s.Stage, c)
	if err != nil || c.Slack.Mode != "socket" {
		return err
	}
	_, err = s.Until(s.ctx, storyWait, func(w workspace.State) bool { return w.Connections > 0 })
	return err
}

func (s *story) stop(*testscript.TestScript, []string) error {
	in := s.in
	s.in = nil
	return in.Leave()
}

// leaks looks for every secret of the stage in everything that can be read afterwards: the log (with everything that
// is logged for debugging), Redis with requests, journals and audit, and all that Slack has ever shown.
func (s *story) leaks(inRedis string) string {
	app := s.Slack.App()
	secrets := append(s.issued.List(), app.BotToken, app.AppToken, app.SigningSecret, s.ECE.Key(), s.Cloud.Key(), sim.Password, stage.EncryptionKey, stage.HookKey, stage.WebhookSecret)
	secrets = append(secrets, s.made...)
	for _, p := range s.World.Platforms() {
		secrets = append(secrets, p.Key())
	}
	state, err := json.Marshal(s.Slack.State())
	if err != nil {
		return err.Error()
	}
	places := map[string]string{"the log": s.log.String(), "Redis": inRedis, "Slack": string(state)}
	for _, secret := range secrets {
		for place, text := range places {
			if strings.Contains(text, secret) {
				return place + " holds a secret"
			}
		}
	}
	return ""
}

func effect(args []string) (fault.Order, error) {
	var o fault.Order
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		n, _ := strconv.Atoi(value)
		switch name {
		case "status":
			o.Status = n
		case "times":
			o.Times = n
		case "skip":
			o.Match.Skip = n
		case "hang":
			o.Hang = true
		case "delay":
			d, err := time.ParseDuration(value)
			if err != nil {
				return o, err
			}
			o.Delay = fault.Duration(d)
		case "close":
			o.Close = true
		case "worked":
			o.Worked = true
		case "body":
			o.Body = value
		case "sends": // a piece of what is sent
			o.Match.Body = value
		default:
			return o, fmt.Errorf("no fault is called %s", name)
		}
	}
	return o, nil
}

func (s *story) fails(_ *testscript.TestScript, args []string) error {
	o, err := effect(args[3:])
	if err != nil {
		return err
	}
	o.Match.System, o.Match.Method, o.Match.Path = args[0], args[1], args[2]
	_, err = s.World.Faults.Add(o)
	return err
}

func (s *story) heals(*testscript.TestScript, []string) error {
	s.World.Faults.Clear()
	s.Slack.ClearFaults()
	return nil
}

func (s *story) slackFails(_ *testscript.TestScript, args []string) error {
	f := workspace.Fault{Method: args[0]}
	for _, a := range args[1:] {
		name, value, _ := strings.Cut(a, "=")
		n, _ := strconv.Atoi(value)
		switch name {
		case "status":
			f.Status = n
		case "times":
			f.Times = n
		case "error":
			f.Error = value
		case "retry_after":
			f.RetryAfter = n
		case "lost":
			f.LoseAnswer = true
		case "hang":
			f.Hang = true
		default:
			return fmt.Errorf("no fault is called %s", name)
		}
	}
	s.Slack.Fail(f)
	return nil
}

func TestMain(m *testing.M) {
	app.Prepare()
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", "24"); err != nil { // stories wait far more than they compute
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}
