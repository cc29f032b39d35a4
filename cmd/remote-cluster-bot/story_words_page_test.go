package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/stage"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace"
)

// clicks presses a button in the modal on somebody's screen.
func (s *story) clicks(_ *testscript.TestScript, args []string) error {
	modal, err := s.modalOf(args[0])
	if err != nil {
		return err
	}
	return seen(modal.Press(s.ctx, args[1]))
}

// certifies is the whole of connecting by certificates: asking, and bob's approval.
func (s *story) certifies(ts *testscript.TestScript, args []string) error {
	if len(args) == 1 {
		return s.byCertificates(ts, args[0])
	}
	who, alias := args[0], args[3]
	if err := s.types(ts, []string{who, "/remote-cluster connect"}); err != nil {
		return err
	}
	for _, side := range [][2]string{{"Local deployment", args[1]}, {"Remote deployment", args[2]}} {
		if err := s.chooses(ts, []string{who, side[0], side[1]}); err != nil {
			return err
		}
	}
	if err := s.byCertificates(ts, who); err != nil {
		return err
	}
	if _, err := s.Until(s.ctx, storyWait, stage.ModalShows(who, "Id of the local side: [")); err != nil {
		return err
	}
	for _, f := range [][2]string{{"Alias", alias}, {"What is it for?", "by certificates as " + alias}} {
		if err := s.fills(ts, []string{who, f[0], f[1]}); err != nil {
			return err
		}
	}
	if err := s.submits(ts, []string{who}); err != nil {
		return err
	}
	if err := s.presses(ts, []string{"bob", "Approve", " as " + alias}); err != nil { // not an older card that lags
		return err
	}
	_, err := s.Until(s.ctx, storyWait, func(w workspace.State) bool { // remembered, and not only connected
		return slices.ContainsFunc(s.visible(w, ""), func(m workspace.Message) bool {
			text := w.Render(m)
			return strings.Contains(text, " as "+alias) && strings.Contains(text, "Connected and verified")
		})
	})
	if err != nil {
		return err
	}
	return s.certified([]string{args[1], alias})
}

// byCertificates chooses the model: offered at once where no key can be used, else among the advanced settings.
func (s *story) byCertificates(ts *testscript.TestScript, who string) error {
	offered := stage.ModalShows(who, "Use TLS certificates")
	keyed := stage.ModalShows(who, ":9443")
	state, err := s.Until(s.ctx, storyWait, func(w workspace.State) bool { return offered(w) || keyed(w) })
	if err != nil {
		return err
	}
	if offered(state) {
		return s.clicks(ts, []string{who, "Use TLS certificates"})
	}
	if err := s.clicks(ts, []string{who, "Advanced settings"}); err != nil {
		return err
	}
	if _, err := s.Until(s.ctx, storyWait, stage.ModalShows(who, "Security model")); err != nil {
		return err
	}
	return s.chooses(ts, []string{who, "Security model", "TLS certificates"})
}

// certified looks for a connection without a key.
func (s *story) certified(args []string) error {
	d, err := s.state(args[0])
	if err != nil {
		return err
	}
	c, ok := d.Cluster.Connected[args[1]]
	if !ok || !c.Connected || c.KeyModel {
		return fmt.Errorf("%s is not connected by certificates under %s: %+v", args[0], args[1], d.Cluster.Connected)
	}
	return nil
}

// trusts counts whom a deployment trusts beside its own.
func (s *story) trusts(args []string) error {
	d, err := s.state(args[0])
	if err != nil {
		return err
	}
	if n := fmt.Sprint(len(d.Cluster.Trust) - 1); n != args[1] {
		return fmt.Errorf("%s trusts %s others, want %s", args[0], n, args[1])
	}
	return nil
}

// rolls makes the coming certificate authority of a region the active one.
func (s *story) rolls(_ *testscript.TestScript, args []string) error {
	return s.World.Platform(args[0]).RollAuthority(args[1])
}

// raises adds a platform to the world and to the configuration.
func (s *story) raises(_ *testscript.TestScript, args []string) error {
	kind, name := args[0], args[1]
	add, more := s.World.AddECE, "    elasticsearch: proxy\n"
	const credentials = "    credentials: [{ deployment: \"*\", username: remote-cluster-bot, password: { env: EC_ELASTICSEARCH_PASSWORD } }]\n"
	switch kind {
	case platform.KindCloud:
		add, more = s.World.AddCloud, credentials
	case platform.KindSelfManaged:
		add, more = s.World.AddSelfManaged, credentials
	}
	p, err := add(platform.Spec{Name: name})
	if err != nil {
		return err
	}
	const after = "\nwatch:"
	if !bytes.Contains(s.Text, []byte(after)) {
		return errors.New("the example has nothing after its platforms")
	}
	is := fmt.Sprintf("    url: %s\n    api_key: { env: %s }\n", p.URL(), stage.KeyOf(name))
	if kind == platform.KindSelfManaged {
		is = clustersOf(name) // deploys names them
	}
	entry := fmt.Sprintf("  - name: %s\n    kind: %s\n%s%s", name, kind, is, more)
	s.Text = bytes.Replace(s.Text, []byte(after), []byte("\n"+entry+after), 1)
	return nil
}

// entrusts uploads the authority of a platform's proxies to a deployment, as a person does in the console.
func (s *story) entrusts(_ *testscript.TestScript, args []string) error {
	d, p := s.Deployment(args[0]), s.World.Platform(args[1])
	if d == nil || p == nil {
		return fmt.Errorf("there is no deployment %s, or no platform %s", args[0], args[1])
	}
	if err := d.TrustProxies(args[1], p.ProxyCA()); err != nil {
		return err
	}
	return s.eventually(func() error {
		now, err := s.state(args[0])
		if err == nil && !slices.ContainsFunc(now.Cluster.Trust, func(t cluster.Trust) bool { return t.Proxies }) {
			return errors.New("the plan has not ended")
		}
		return err
	})
}

// plans makes plans of a deployment fail, or heals its platform: fail TIMES [AFTER].
func (s *story) plans(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil || args[1] != "fail" {
		return fmt.Errorf("there is no deployment %s, or its plans can't %s", args[0], args[1])
	}
	times, err := strconv.Atoi(args[2])
	skip := 0
	if err == nil && len(args) == 4 {
		skip, err = strconv.Atoi(args[3])
	}
	d.FailPlans(skip, times, "Not enough capacity: no allocator has room")
	return err
}

// reads looks an environment's id up in its console.
func (s *story) reads(ts *testscript.TestScript, args []string) error {
	ts.Setenv("ID", s.World.Platform(args[0]).Scope())
	return nil
}

// mutes keeps a deployment's platform from showing whom of its own the deployment trusts.
func (s *story) mutes(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	d.HideAccounts()
	return nil
}

// protects makes a network filter and attaches it, as a person would in the console.
func (s *story) protects(_ *testscript.TestScript, args []string) error {
	kind, whom, ok := strings.Cut(args[2], ":")
	switch {
	case !ok:
		return s.attaches(args[0], args[1], "ip", fmt.Sprintf(`{"source":%q}`, args[2]))
	case kind == "cluster":
		return s.attaches(args[0], args[1], "remote_cluster", fmt.Sprintf(`{"remote_cluster_id":%q}`, s.Deployment(whom).Cluster().ID()))
	case kind == "organization":
		return s.attaches(args[0], args[1], "remote_cluster", fmt.Sprintf(`{"remote_cluster_org_id":%q}`, s.World.Platform(whom).Scope()))
	}
	return s.attaches(args[0], args[1], kind, fmt.Sprintf(`{"source":%q}`, whom))
}

// firewalls attaches a filter for what goes out of a deployment: it keeps nobody out of it.
func (s *story) firewalls(_ *testscript.TestScript, args []string) error {
	return s.attaches(args[0], "outgoing", "egress_firewall", `{"egress_rule":{"target":"203.0.113.0/24","protocol":"all"}}`)
}

func (s *story) attaches(name, ruleset, kind, rule string) error {
	d := s.Deployment(name)
	if d == nil {
		return fmt.Errorf("there is no deployment %s", name)
	}
	on := d.Platform()
	rulesets := on.URL() + "/api/v1/deployments/traffic-filter/rulesets"
	var made struct {
		ID string `json:"id"`
	}
	err := s.call(rulesets, on.Key(), fmt.Sprintf(
		`{"name":%q,"type":%q,"region":%q,"include_by_default":false,"rules":[%s]}`, ruleset, kind, d.Region(), rule), &made)
	if err != nil {
		return err
	}
	return s.call(rulesets+"/"+made.ID+"/associations", on.Key(), `{"entity_type":"deployment","id":"`+d.ID()+`"}`, &made)
}

func (s *story) filtered(args []string) error {
	d, err := s.state(args[0])
	if err == nil && fmt.Sprint(len(d.Cluster.Filters)) != args[1] {
		return fmt.Errorf("%s has %d filters, want %s", args[0], len(d.Cluster.Filters), args[1])
	}
	return err
}

// employs gives a cluster a user with exactly these roles.
func (s *story) employs(_ *testscript.TestScript, args []string) error {
	d := s.Deployment(args[0])
	if d == nil {
		return fmt.Errorf("there is no deployment %s", args[0])
	}
	d.Cluster().SetUser(cluster.User{Name: args[1], Password: "of " + args[1], Roles: args[2:]})
	return nil
}

// findsAs looks what a user of the local cluster finds.
func (s *story) findsAs(args []string) error {
	hits, err := s.SearchAs(s.ctx, args[0], args[1], args[2])
	if err == nil && strconv.Itoa(len(hits)) != args[3] {
		return fmt.Errorf("%s found %d documents, want %s", args[0], len(hits), args[3])
	}
	return err
}

func (s *story) roles(args []string) error {
	d, err := s.state(args[0])
	if err == nil && !slices.Contains(d.Cluster.Roles, args[1]) {
		return fmt.Errorf("%s has the roles %v", args[0], d.Cluster.Roles)
	}
	return err
}
