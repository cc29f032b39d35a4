// Package config reads the one configuration file into a Config. It reports every problem at once, with its line
// and path, and it is the only place that reads the environment. It knows what the parts of the program need to be
// told, not how they do their work.
package config

import (
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/webhook"
)

// Config is everything an operator decides.
type Config struct {
	// Environment is the name of this installation and part of every Redis key and of every API key's name. Lowercase
	// letters, digits and dashes.
	Environment string `yaml:"environment"`
	// Slack says how the bot is reached and how it speaks.
	Slack Slack `yaml:"slack"`
	// Redis says where requests, approvals and the audit are kept.
	Redis Redis `yaml:"redis"`
	// Approvals says who approves.
	Approvals Approvals `yaml:"approvals"`
	// Policy says who may ask, who approves and when, by rules; it takes the place of approvals.
	Policy *Policy `yaml:"policy"`
	// Quotas are how many open requests there may be.
	Quotas Quotas `yaml:"quotas"`
	// Audit says where what was decided and done is copied to.
	Audit Audit `yaml:"audit"`
	// Keys are the secrets by which the bot encrypts what people hand in.
	Keys Keys `yaml:"keys"`
	// Platforms are the ECE installations, the Elastic Cloud organizations and the clusters that people run by themselves.
	Platforms []Platform `yaml:"platforms"`
	// Executor says how approved changes are worked on; the defaults suit most.
	Executor Executor `yaml:"executor"`
	// Watch says how managed connections are monitored.
	Watch Watch `yaml:"watch"`
	// Webhooks are those beside Slack who are told of what people are paged for.
	Webhooks []Webhook `yaml:"webhooks"`
	// Metrics says where Prometheus finds the metrics.
	Metrics Metrics `yaml:"metrics"`
	// Tracing says where OpenTelemetry traces go. Nothing: nothing is traced.
	Tracing Tracing `yaml:"tracing"`
	// Log says how much is logged.
	Log Log `yaml:"log"`
}

// Watch is how the connections that the bot made or adopted are monitored.
type Watch struct {
	// Every is the time between two looks at one connection; they are spread over it. Default 15m.
	Every Duration `yaml:"every"`
	// ExpiryDays is how many days before their end a key and certificates are told of. Default 14.
	ExpiryDays int `yaml:"expiry_days"`
}

// Slack is the workspace and the app in it.
type Slack struct {
	// Mode is "http" (Slack calls us) or "socket" (we call Slack; no inbound access is needed).
	Mode string `yaml:"mode"`
	// Listen is the address for Slack's requests under mode http, such as ":8080".
	Listen string `yaml:"listen"`
	// TrustedProxies are the CIDRs of the proxies in front of listen whose X-Forwarded-For is true. With them, a client
	// may use an eighth of the 32 MiB for requests whose signature is not checked yet; without them, clients can't be
	// told apart.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// APIURL is the base of Slack's Web API, ending in a slash. Default https://slack.com/api/.
	APIURL string `yaml:"api_url"`
	// BotToken is the token that begins with xoxb-.
	BotToken SecretRef `yaml:"bot_token"`
	// SigningSecret is the proof that a request comes from Slack; needed under mode http.
	SigningSecret SecretRef `yaml:"signing_secret"`
	// PreviousSigningSecret is still accepted while the secret is being rotated.
	PreviousSigningSecret SecretRef `yaml:"previous_signing_secret"`
	// AppToken is the token that begins with xapp-; needed under mode socket.
	AppToken SecretRef `yaml:"app_token"`
	// Teams are the ids of the workspaces that may use the bot, or of an organization for all of its own. Default the
	// workspace that the bot token belongs to, or the organization that the app is installed for.
	Teams []string `yaml:"teams"`
	// Channel is the id of the channel in which requests are posted.
	Channel string `yaml:"channel"`
	// Command is the slash command. Default /remote-cluster.
	Command string `yaml:"command"`
}

// Redis is a single server, a Sentinel group or a cluster.
type Redis struct {
	// Addresses are the servers, as host:port: one for a single server, the sentinels with sentinel_master, the seeds
	// with cluster.
	Addresses []string `yaml:"addresses"`
	// SentinelMaster is the name of the group that the sentinels watch.
	SentinelMaster string `yaml:"sentinel_master"`
	// Cluster says that the addresses belong to a Redis Cluster.
	Cluster bool `yaml:"cluster"`
	// Username is the name of an ACL user. Default: the default user.
	Username string `yaml:"username"`
	// Password is the password of that user.
	Password SecretRef `yaml:"password"`
	// SentinelUsername is the name of an ACL user of the sentinels themselves. Default: their default user.
	SentinelUsername string `yaml:"sentinel_username"`
	// SentinelPassword is the password of that user.
	SentinelPassword SecretRef `yaml:"sentinel_password"`
	// DB is the number of the database; 0 in a cluster.
	DB int `yaml:"db"`
	// TLS says how the server's certificate is checked. Nothing: the connection is not encrypted.
	TLS *TLS `yaml:"tls"`
	// Timeout is how long each command may take. Default 1s: a person is waiting.
	Timeout Duration `yaml:"timeout"`
	// Replicas is how many replicas must have a move before it counts, so that a failover loses none; 1 where there are
	// two or more of them, for with as many as there are, one that is away stops everything. Default 0.
	Replicas int `yaml:"replicas"`
}

// Audit is what happens to the audit beside being kept in Redis.
type Audit struct {
	// Ship says which data stream of an Elasticsearch it is copied into. Nothing: it is not copied.
	Ship *Ship `yaml:"ship"`
	// Checkpoint says how it is proven to people who don't trust Redis: by signed checkpoints that are kept elsewhere.
	// Nothing: there are none.
	Checkpoint *Checkpoint `yaml:"checkpoint"`
	// Keep is for how long entries stay in Redis, such as 400d; older ones are let go once they have been exported, or
	// shipped, and a signed checkpoint stands for them. Default: for ever.
	Keep Duration `yaml:"keep"`
	// Export is a file to which entries are appended, as audit export prints them, before keep lets them go. Each replica
	// has a part, where they don't share it. Not needed with ship.
	Export string `yaml:"export"`
}

// Checkpoint is a signed line that says how many entries the audit has, and the hash of the last. It is logged.
type Checkpoint struct {
	// Key is a private Ed25519 key in base64, as openssl genpkey -algorithm ed25519 -outform DER | base64 -w0 makes it.
	Key SecretRef `yaml:"key"`
	// Every is the number of entries after which the next checkpoint is made. Default 100.
	Every int `yaml:"every"`
	// File is where checkpoints are appended, too, one a line: on a disk that those who write Redis can't write.
	File string `yaml:"file"`
	// Webhook is a URL that each is posted to, too, as JSON.
	Webhook string `yaml:"webhook"`
	// TLS says how the webhook's certificate is checked.
	TLS *TLS `yaml:"tls"`
}

// Ship is an Elasticsearch that takes copies of the audit.
type Ship struct {
	// URL is where it answers.
	URL string `yaml:"url"`
	// DataStream is the one that is written to; an index template must fit it. Default
	// logs-remote_cluster_bot.audit-default, which the built-in template logs fits.
	DataStream string `yaml:"data_stream"`
	// Username is the name of a user with the privileges auto_configure, create_doc and read on the data stream.
	Username string `yaml:"username"`
	// Password is the password of that user.
	Password SecretRef `yaml:"password"`
	// APIKey is an encoded API key with these privileges, instead of a user.
	APIKey SecretRef `yaml:"api_key"`
	// TLS says how its certificate is checked.
	TLS *TLS `yaml:"tls"`
	// Every is how often new entries are looked for. Default 10s.
	Every Duration `yaml:"every"`
}

// Keys are the bot's own secrets.
type Keys struct {
	// Encryption is a secret of at least 32 characters. With it, people can paste a key where the bot can't issue one;
	// it is kept encrypted for an hour at most. Without it, that is refused.
	Encryption SecretRef `yaml:"encryption"`
	// PreviousEncryption is the secret before, which still opens what was encrypted with it.
	PreviousEncryption SecretRef `yaml:"previous_encryption"`
}

// Approvals is who approves a change: the short form of a policy of one rule.
type Approvals struct {
	// Approvers are Slack user ids. Nobody approves a request of their own.
	Approvers []string `yaml:"approvers"`
	// Count is how many of them must agree. Default 1.
	Count int `yaml:"count"`
	// Wait is how long a request waits before it expires. Default 24h.
	Wait Duration `yaml:"wait"`
}

// Quotas are how many requests may be open: those that have not ended. One that is stuck is open, too.
type Quotas struct {
	// Person is how many open requests one person may have. Default 30.
	Person int `yaml:"person"`
	// Channel is how many there may be that were asked for in one channel. Default 100.
	Channel int `yaml:"channel"`
}

// Platform is one ECE, one organization of Elastic Cloud, or a list of self-managed clusters.
type Platform struct {
	// Name is short and stable: it is stored in requests. Lowercase letters, digits and dashes.
	Name string `yaml:"name"`
	// Label is for people. Default: the name.
	Label string `yaml:"label"`
	// Kind is "ece" (Elastic Cloud Enterprise), "ech" (Elastic Cloud Hosted) or "self_managed" (clusters without a
	// platform).
	Kind string `yaml:"kind"`
	// URL is the base of the platform's API: https://<coordinator>:12443 for ECE. Default for ech:
	// https://api.elastic-cloud.com. Not for self_managed.
	URL string `yaml:"url"`
	// APIKey is a key of the platform, not of Elasticsearch. Not for self_managed.
	APIKey SecretRef `yaml:"api_key"`
	// Clusters are the clusters of self_managed.
	Clusters []Cluster `yaml:"clusters"`
	// KeystoreHook is an endpoint that edits the keystores of self_managed clusters. Nothing: people edit them, as cards ask.
	KeystoreHook *KeystoreHook `yaml:"keystore_hook"`
	// TLS says how the platform's certificate is checked; ECE mostly has a private authority.
	TLS *TLS `yaml:"tls"`
	// EnvironmentID is the id of an ECE's environment, as ECE shows it under Platform > Trust Management. Connections by
	// TLS certificates name it; without it the bot suggests one that a person has to confirm.
	EnvironmentID string `yaml:"environment_id"`
	// EnvironmentCAFile is a file with the certificate authority that is shown there, in PEM.
	EnvironmentCAFile string `yaml:"environment_ca_file"`
	// ConsoleURL is the base of the console, for links. Default for ech: https://cloud.elastic.co; for ece: url.
	ConsoleURL string `yaml:"console_url"`
	// Egress are the addresses or CIDRs that connections of this platform's deployments come from, as others see them
	// behind NAT. They are compared with the network filters of remote deployments.
	Egress []string `yaml:"egress"`
	// PrivateHosts are names in your own networks that lead to deployments of this platform, such as the private connections
	// of Elastic Cloud. A connection to one of them is right as it is.
	PrivateHosts []PrivateHosts `yaml:"private_hosts"`
	// AddFilters says that people may ask for a network filter to be added to remote deployments of this platform.
	AddFilters bool `yaml:"add_filters"`
	// StrongIdentity says that this ECE can do strong identity verification (9.3 or later): that its nodes sign with
	// node.crt and node.key. It is documented for Elastic Cloud Hosted, where it is always on, and not for ECE.
	StrongIdentity bool `yaml:"strong_identity"`
	// Elasticsearch is "proxy" (through the platform's API, ECE only) or "direct" (at the deployment's own URL, with
	// credentials from the list). Default: proxy for ece, else direct.
	Elasticsearch string `yaml:"elasticsearch"`
	// AnyProduct says that the header X-Elastic-Product, by which Elasticsearch makes itself known, may be missing: only
	// where a proxy between is known to drop it. Then nothing keeps the bot from taking something else for Elasticsearch.
	AnyProduct bool `yaml:"any_product"`
	// ElasticsearchTLS says how the certificates of the deployments are checked under direct. Default: as tls.
	ElasticsearchTLS *TLS `yaml:"elasticsearch_tls"`
	// Credentials are those of Elasticsearch, the first that matches a deployment. To issue cross-cluster keys it must
	// be a user: Elasticsearch refuses API keys there.
	Credentials []Credential `yaml:"credentials"`
}

// PrivateHosts are names by which the deployments of one region are reached.
type PrivateHosts struct {
	// Region is the platform's name of the region, such as aws-eu-west-1. Nothing: every region.
	Region string `yaml:"region"`
	// Hosts are host names. One that begins with *. stands for a name of each deployment: the id of its Elasticsearch cluster,
	// or the name before the first dot of its endpoint, comes in place of the *, as in *.vpce.eu-west-1.aws.elastic-cloud.com.
	Hosts []string `yaml:"hosts"`
}

// Credential is what opens Elasticsearch of the deployments that it matches.
type Credential struct {
	// Deployment is a deployment's id (of a self-managed cluster its name), or a pattern over ids such as 1f2e*. With *, the default,
	// anyone who can create a deployment on the platform is given what is below.
	Deployment string `yaml:"deployment"`
	// Username is the name of an Elasticsearch user.
	Username string `yaml:"username"`
	// Password is the password of that user.
	Password SecretRef `yaml:"password"`
	// APIKey is an Elasticsearch API key, encoded. It can do all but issue cross-cluster keys.
	APIKey SecretRef `yaml:"api_key"`
}

// Executor is how approved changes are worked on.
type Executor struct {
	// Workers is how many changes go on at once in this process; as many more are taken over from processes that fell silent.
	// Default 4.
	Workers int `yaml:"workers"`
	// Lease is how long a worker may be silent before another takes over. Default 3s.
	Lease Duration `yaml:"lease"`
	// CallTimeout is how long each call to Elastic may take. A worker that takes over waits for as long as one that
	// was sent may still be carried out. Default 7s.
	CallTimeout Duration `yaml:"call_timeout"`
	// StepWithin is how long a step is tried again where a platform or a cluster does not answer, as one whose nodes restart.
	// Default 90s.
	StepWithin Duration `yaml:"step_within"`
	// VerifyWithin is how long a new connection may take to come up. Default 2m.
	VerifyWithin Duration `yaml:"verify_within"`
	// ByHandWithin is how long people may take to edit keystores that the bot can't write; after that the change is rolled
	// back. Default 1h.
	ByHandWithin Duration `yaml:"by_hand_within"`
	// Drain is how long a running step may go on when the process is told to stop. Default 20s.
	Drain Duration `yaml:"drain"`
}

// Metrics are for Prometheus, and for OpenTelemetry.
type Metrics struct {
	// Listen is the address of /metrics, /healthz and /readyz, such as "127.0.0.1:9090"; empty: nobody listens. Keep
	// it away from the internet. Under mode http, /healthz and /readyz are at slack.listen too.
	Listen string `yaml:"listen"`
	// Pprof is whether Go's profiles are at /debug/pprof/ of that address, too. They show memory, secrets in it included: only
	// for as long as a profile is wanted.
	Pprof bool `yaml:"pprof"`
	// OTLP says where the same metrics are exported to by OpenTelemetry's protocol. Nothing: nowhere.
	OTLP OTLP `yaml:"otlp"`
}

// Log is how the program logs.
type Log struct {
	// Level is "debug", "info", "warn" or "error". Default info.
	Level string `yaml:"level"`
	// Format is "json" or "text". Default json.
	Format string `yaml:"format"`
}

func (c *Config) setDefaults() {
	def(&c.Slack.APIURL, "https://slack.com/api/")
	def(&c.Slack.Mode, "http")
	def(&c.Slack.Listen, ":8080")
	def(&c.Slack.Command, "/remote-cluster")
	def(&c.Redis.Timeout, Duration(time.Second))
	def(&c.Approvals.Count, 1)
	def(&c.Approvals.Wait, Duration(24*time.Hour))
	if s := c.Audit.Ship; s != nil {
		def(&s.DataStream, "logs-remote_cluster_bot.audit-default")
		def(&s.Every, Duration(10*time.Second))
	}
	if k := c.Audit.Checkpoint; k != nil {
		def(&k.Every, 100)
	}
	if c.Policy != nil {
		c.Policy.setDefaults()
	}
	def(&c.Quotas.Person, 30)
	def(&c.Quotas.Channel, 100)
	def(&c.Executor.Workers, 4)
	def(&c.Executor.Lease, Duration(3*time.Second))
	def(&c.Executor.CallTimeout, Duration(7*time.Second))
	def(&c.Executor.StepWithin, Duration(90*time.Second))
	def(&c.Executor.VerifyWithin, Duration(2*time.Minute))
	def(&c.Executor.ByHandWithin, Duration(time.Hour))
	def(&c.Executor.Drain, Duration(20*time.Second))
	def(&c.Watch.Every, Duration(15*time.Minute))
	def(&c.Watch.ExpiryDays, 14)
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		if w.Format == string(webhook.PagerDuty) {
			def(&w.URL, "https://events.pagerduty.com/v2/enqueue")
		}
		if len(w.Alerts) == 0 {
			w.Alerts = texts(webhook.Kinds())
		}
	}
	def(&c.Log.Level, "info")
	def(&c.Log.Format, "json")
	for i := range c.Platforms {
		p := &c.Platforms[i]
		def(&p.Label, p.Name)
		switch p.Kind {
		case "ece":
			def(&p.Elasticsearch, "proxy")
			def(&p.ConsoleURL, p.URL) // ECE's API and its console share an address
		case "ech":
			def(&p.URL, "https://api.elastic-cloud.com")
			def(&p.Elasticsearch, "direct")
			def(&p.ConsoleURL, "https://cloud.elastic.co")
		case selfManaged:
			def(&p.Elasticsearch, "direct")
			if p.KeystoreHook != nil {
				def(&p.KeystoreHook.Timeout, Duration(2*time.Minute))
			}
		}
		if p.ElasticsearchTLS == nil {
			p.ElasticsearchTLS = p.TLS
		}
		for j := range p.Clusters {
			if p.Clusters[j].TLS == nil {
				p.Clusters[j].TLS = p.ElasticsearchTLS
			}
		}
		for j := range p.Credentials {
			def(&p.Credentials[j].Deployment, "*")
		}
	}
}

func def[T comparable](at *T, value T) {
	var zero T
	if *at == zero {
		*at = value
	}
}
