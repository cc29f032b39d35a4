package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

func check(p *parser, c *Config) {
	if !nameRule.MatchString(c.Environment) {
		p.add("environment", "name this installation with lowercase letters, digits and dashes, such as production")
	}
	checkSlack(p, c.Slack)
	checkRedis(p, c.Redis)
	checkPolicy(p, c)
	if c.Quotas.Person < 1 {
		p.add("quotas.person", "must be at least 1")
	}
	if c.Quotas.Channel < 1 {
		p.add("quotas.channel", "must be at least 1")
	}
	checkKeys(p, c.Keys)
	checkShip(p, c.Audit.Ship)
	checkAudit(p, c.Audit)
	checkWebhooks(p, c.Webhooks)
	checkExecutor(p, c.Executor)
	if c.Metrics.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Metrics.Listen); err != nil {
			p.add("metrics.listen", "must be an address such as 127.0.0.1:9090")
		}
	}
	if c.Watch.Every.Std() < time.Second {
		p.add("watch.every", "must be a second at least")
	}
	if c.Watch.ExpiryDays < 0 {
		p.add("watch.expiry_days", "must not be negative")
	}
	checkTracing(p, c.Tracing)
	checkOTLP(p, c.Metrics.OTLP)
	p.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	p.oneOf("log.format", c.Log.Format, "json", "text")
	if len(c.Platforms) == 0 {
		p.add("platforms", "name at least one ECE and what it connects to")
	}
	seen := map[string]bool{}
	for i, pl := range c.Platforms {
		at := fmt.Sprintf("platforms[%d]", i)
		if seen[pl.Name] {
			p.add(at+".name", "there are two platforms called %s", pl.Name)
		}
		seen[pl.Name] = true
		checkPlatform(p, at, pl)
	}
}

func checkSlack(p *parser, s Slack) {
	p.oneOf("slack.mode", s.Mode, "http", "socket")
	p.webURL("slack.api_url", s.APIURL, nil)
	if !strings.HasSuffix(s.APIURL, "/") {
		p.add("slack.api_url", "must end in a slash")
	}
	p.needed("slack.bot_token", s.BotToken)
	switch s.Mode {
	case "http":
		p.needed("slack.signing_secret", s.SigningSecret)
		if _, _, err := net.SplitHostPort(s.Listen); err != nil {
			p.add("slack.listen", "must be an address such as :8080")
		}
	case "socket":
		p.needed("slack.app_token", s.AppToken)
	}
	if !channelRule.MatchString(s.Channel) {
		p.add("slack.channel", "must be the id of a channel, such as C0123ABCD (in Slack: channel details, at the bottom)")
	}
	for i, t := range s.Teams {
		if !teamRule.MatchString(t) {
			p.add(fmt.Sprintf("slack.teams[%d]", i), "must be the id of a workspace, such as T0123ABCD")
		}
	}
	for i, proxy := range s.TrustedProxies {
		if _, err := netip.ParsePrefix(proxy); err != nil {
			p.add(fmt.Sprintf("slack.trusted_proxies[%d]", i), "must be a CIDR, such as 10.0.0.0/8")
		}
	}
	if !strings.HasPrefix(s.Command, "/") || len(s.Command) > 32 || strings.ContainsAny(s.Command, " \t") {
		p.add("slack.command", "must begin with a slash and hold no space")
	}
}

func checkRedis(p *parser, r Redis) {
	if len(r.Addresses) == 0 {
		p.add("redis.addresses", "name at least one host:port")
	}
	for i, a := range r.Addresses {
		if host, port, err := net.SplitHostPort(a); err != nil || host == "" || port == "" {
			p.add(fmt.Sprintf("redis.addresses[%d]", i), "must be host:port")
		}
	}
	switch {
	case r.Cluster && r.SentinelMaster != "":
		p.add("redis.cluster", "Redis is either a cluster or watched by sentinels")
	case r.Cluster && r.DB != 0:
		p.add("redis.db", "a cluster has only database 0")
	case !r.Cluster && r.SentinelMaster == "" && len(r.Addresses) > 1:
		p.add("redis.addresses", "several addresses need cluster: true or a sentinel_master")
	}
	if r.DB < 0 {
		p.add("redis.db", "can't be negative")
	}
	if r.Replicas < 0 {
		p.add("redis.replicas", "can't be negative")
	}
	p.span("redis.timeout", r.Timeout, 50*time.Millisecond, 2*time.Second)
}

func checkApprovals(p *parser, a Approvals) {
	for i, u := range a.Approvers {
		at := fmt.Sprintf("approvals.approvers[%d]", i)
		if !userRule.MatchString(u) {
			p.add(at, "must be the id of a Slack user, such as U0123ABCD")
		}
		if slices.Index(a.Approvers, u) < i {
			p.add(at, "%s is named twice", u)
		}
	}
	if a.Count < 1 || a.Count > len(a.Approvers) {
		p.add("approvals.approvers", "%d of %d approvers must agree: that is impossible", a.Count, len(a.Approvers))
	}
	p.span("approvals.wait", a.Wait, time.Second, 90*24*time.Hour)
}

func checkShip(p *parser, s *Ship) {
	if s == nil {
		return
	}
	p.webURL("audit.ship.url", s.URL, s.TLS)
	user := s.Username != "" && s.Password.Given()
	if user == s.APIKey.Given() {
		p.add("audit.ship", "needs either username and password, or api_key")
	}
	if s.DataStream != strings.ToLower(s.DataStream) || strings.ContainsAny(s.DataStream, ` "*\\<|,>/?#:`) {
		p.add("audit.ship.data_stream", "is no name for a data stream, such as logs-remote_cluster_bot.audit-default")
	}
	p.span("audit.ship.every", s.Every, 100*time.Millisecond, time.Hour)
}

func checkAudit(p *parser, a Audit) {
	if k := a.Checkpoint; k != nil {
		p.needed("audit.checkpoint.key", k.Key)
		if k.Key.Given() && !k.Key.Secret().Empty() {
			if _, err := change.ParseSigningKey(k.Key.Secret().Reveal()); err != nil {
				p.add("audit.checkpoint.key", "%v", err)
			}
		}
		if k.Every < 1 {
			p.add("audit.checkpoint.every", "must be 1 at least")
		}
		if k.Webhook != "" {
			p.webURL("audit.checkpoint.webhook", k.Webhook, k.TLS)
		}
	}
	if a.Keep == 0 {
		return
	}
	p.span("audit.keep", a.Keep, 24*time.Hour, 100*365*24*time.Hour)
	if a.Checkpoint == nil {
		p.add("audit.keep", "needs audit.checkpoint: a signed checkpoint stands for the entries that are let go")
	}
	if a.Ship == nil && a.Export == "" {
		p.add("audit.keep", "needs audit.ship or audit.export: nothing is let go that is not elsewhere")
	}
}

func checkKeys(p *parser, k Keys) {
	if k.Encryption.Given() && len(k.Encryption.Secret().Reveal()) < minEncryption {
		p.add("keys.encryption", "must have at least %d characters, by chance: openssl rand -base64 32", minEncryption)
	}
	if k.PreviousEncryption.Given() && !k.Encryption.Given() {
		p.add("keys.previous_encryption", "needs encryption beside it")
	}
}

func checkPlatform(p *parser, at string, pl Platform) {
	if !nameRule.MatchString(pl.Name) {
		p.add(at+".name", "must be lowercase letters, digits and dashes, such as ece-prod")
	}
	p.oneOf(at+".kind", pl.Kind, "ece", "ech", selfManaged)
	if pl.Kind == selfManaged {
		checkSelfManaged(p, at, pl)
	} else {
		p.webURL(at+".url", pl.URL, pl.TLS)
		p.needed(at+".api_key", pl.APIKey)
		if len(pl.Clusters) > 0 {
			p.add(at+".clusters", "is for self_managed: a platform tells its deployments itself")
		}
		if pl.KeystoreHook != nil {
			p.add(at+".keystore_hook", "is for self_managed: a platform has an API for its keystores")
		}
	}
	if pl.ConsoleURL != "" && pl.ConsoleURL != pl.URL {
		p.webURL(at+".console_url", pl.ConsoleURL, pl.TLS)
	}
	p.oneOf(at+".elasticsearch", pl.Elasticsearch, "proxy", "direct")
	if pl.Kind == "ech" && pl.Elasticsearch == "proxy" {
		p.add(at+".elasticsearch", "Elastic Cloud has no proxy to Elasticsearch: use direct")
	}
	if pl.EnvironmentID != "" && !scopeRule.MatchString(pl.EnvironmentID) {
		p.add(at+".environment_id", "must be up to 32 lowercase letters and digits")
	}
	if pl.StrongIdentity && pl.Kind == "ech" {
		p.add(at+".strong_identity", "is for an ECE; Elastic Cloud can do it anyway")
	}
	for i, e := range pl.Egress {
		_, err := netip.ParsePrefix(e)
		if _, err2 := netip.ParseAddr(e); err != nil && err2 != nil {
			p.add(fmt.Sprintf("%s.egress[%d]", at, i), "must be an address or a CIDR such as 203.0.113.0/28")
		}
	}
	checkPrivateHosts(p, at, pl.PrivateHosts)
	for i, cr := range pl.Credentials {
		in := fmt.Sprintf("%s.credentials[%d]", at, i)
		user := cr.Username != "" || cr.Password.Given()
		switch {
		case user == cr.APIKey.Given():
			p.add(in, "needs either username and password, or api_key")
		case user && (cr.Username == "" || !cr.Password.Given()):
			p.add(in, "username and password go together")
		}
	}
}

func checkPrivateHosts(p *parser, at string, all []PrivateHosts) {
	for i, one := range all {
		in := fmt.Sprintf("%s.private_hosts[%d].hosts", at, i)
		if len(one.Hosts) == 0 {
			p.add(in, "name at least one host")
		}
		for j, h := range one.Hosts {
			if name := strings.TrimPrefix(h, "*."); !elastic.IsHost(name) {
				p.add(fmt.Sprintf("%s[%d]", in, j), "must be a host name without a port, such as *.vpce.eu-west-1.aws.elastic-cloud.com")
			}
		}
	}
}

func checkExecutor(p *parser, e Executor) {
	if e.Workers < 1 || e.Workers > 256 {
		p.add("executor.workers", "must be between 1 and 256")
	}
	p.span("executor.lease", e.Lease, time.Second, time.Minute)
	p.span("executor.call_timeout", e.CallTimeout, 100*time.Millisecond, time.Minute)
	p.span("executor.step_within", e.StepWithin, time.Second, time.Hour)
	p.span("executor.verify_within", e.VerifyWithin, time.Second, time.Hour)
	p.span("executor.by_hand_within", e.ByHandWithin, time.Second, 24*time.Hour)
	p.span("executor.drain", e.Drain, 0, 10*time.Minute)
}
