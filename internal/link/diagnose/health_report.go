package diagnose

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// Check is one look of an examination.
type Check struct {
	Name string // what was looked at
	OK   bool
	Hint bool   // it is OK, and yet there is something to do
	Say  string // what was seen: the evidence where it is not OK
}

// HealthReport is what Examine found. The checks are in order and end with the first that is not OK, because those
// behind it would only show its consequences.
type HealthReport struct {
	link.ConnectionState
	Checks    []Check
	Diagnosis *Diagnosis // of the first check that is not OK; nil: the connection works
	Evidence  string     // the text or finding that the diagnosis rests on
	Hint      *Diagnosis // where it works: the first thing that people should know all the same; nil: none

	Fix    change.Kind // of the diagnosis, or else of the hint; empty: none that the bot has
	FixWhy string      // a sentence on what the fix does

	At          time.Time       // when it began
	Latency     time.Duration   // of resolving through the connection
	Version     string          // of the remote cluster, as the connection sees it
	Trust       []link.Trusting // between the two sides of a connection by certificates, as far as direct entries tell
	TrustUnread error           // why that is not known
	unnamed     []link.Trusting // likewise, where no entry of a side names the other one
}

// Diagnose runs the checks of Elastic's troubleshooting page for remote clusters in order: first what can be read
// without the connection, then the connection itself.
func (r *Checker) Diagnose(ctx context.Context, n link.Name) (HealthReport, error) {
	return r.diagnose(ctx, n, r.State)
}

// diagnose does it on what read returns.
func (r *Checker) diagnose(ctx context.Context, n link.Name, read func(context.Context, link.Name) (link.ConnectionState, error)) (HealthReport, error) {
	e, err := read(ctx, n)
	x := HealthReport{ConnectionState: e, At: r.now()}
	if err != nil {
		return x, err
	}
	readCertificates(ctx, &x, r.Catalog())
	checks := []func() *finding{
		x.set, x.localUp, x.remoteUp, x.port, x.serverName, x.stored, x.keyValid,
		func() *finding { return certificates(&x, r.now()) },
		func() *finding { return x.connected(ctx, r.now) },
		x.licenses, x.versions, x.readers, x.enrich,
	}
	for _, check := range checks {
		f := check()
		if f == nil {
			continue
		}
		x.Checks = append(x.Checks, Check{Name: f.name, OK: f.diagnosis == nil, Hint: f.hint != nil, Say: f.say})
		if f.diagnosis != nil {
			x.Diagnosis, x.Evidence, x.Hint, x.Fix, x.FixWhy = f.diagnosis, f.say, nil, f.fix, f.why
			break
		}
		if f.hint != nil && x.Hint == nil {
			x.Hint, x.Fix, x.FixWhy = f.hint, f.fix, f.why
		}
	}
	return x, nil
}

// finding is what one check saw; without a diagnosis all is well.
type finding struct {
	name, say string
	diagnosis *Diagnosis
	hint      *Diagnosis // all is well, and yet people should know it
	fix       change.Kind
	why       string
}

func pass(name, format string, args ...any) *finding {
	return &finding{name: name, say: fmt.Sprintf(format, args...)}
}

func (x *HealthReport) fail(name string, cause link.Cause, evidence string) *finding {
	d := diagnosisOf(cause, evidence, x.symptoms())
	f := &finding{name: name, say: evidence, diagnosis: &d}
	f.fix, f.why = x.fixFor(cause)
	return f
}

func (x *HealthReport) symptoms() Symptoms {
	return Symptoms{
		Alias: x.Alias, Address: x.Own.Options(x.Alias)["proxy_address"], Egress: x.Egress, Model: x.model(), MatchesPlatform: x.matchesPlatform(),
		Private: link.GoesPrivately(x.PairState, x.Params()), ToECE: x.RemoteOn.Kind == elastic.KindECE,
		ECE: x.LocalOn.Kind == elastic.KindECE || x.RemoteOn.Kind == elastic.KindECE,
	}
}

func (x *HealthReport) model() link.Model {
	if x.Certified() {
		return link.ModelCertificate
	}
	return link.ModelKey
}

func (x *HealthReport) set() *finding {
	if x.Exists() {
		return pass("The alias is set", "%s", x.Own.Brief(x.Alias)+x.initialTimeout())
	}
	f := x.fail("The alias is set", link.CauseNotSet, fmt.Sprintf("%s has no remote cluster %s", x.PairState.Local.Name, x.Alias))
	if x.Managed != nil && x.Managed.KeyName != "" && x.HasRemote() {
		f.fix, f.why = link.KindRotate, "A rotation sets it as approved, with a new key."
	}
	return f
}

// defaultInitial is how long a node waits for its connections where nothing else is set.
const defaultInitial = "30s"

// initialTimeout says how long a node that starts waits for the connection, where that is no default or may matter.
func (x *HealthReport) initialTimeout() string {
	wait := x.Info.InitialTimeout
	if wait == "" || wait == defaultInitial && x.Info.Connected {
		return ""
	}
	return " · a starting node waits " + wait + " for it (cluster.remote.initial_connect_timeout)"
}

func (x *HealthReport) localUp() *finding {
	return x.up("The local deployment runs", x.PairState.Local)
}

func (x *HealthReport) remoteUp() *finding {
	if !x.HasRemote() {
		if x.Managed != nil {
			f := x.fail("The remote deployment runs", link.CauseGone, x.Managed.To()+" no longer exists")
			f.fix, f.why = link.KindDisconnect, "A disconnect removes what is left."
			return f
		}
		return nil // not a deployment that the bot can see
	}
	return x.up("The remote deployment runs", x.Remote)
}

func (x *HealthReport) up(name string, d elastic.Deployment) *finding {
	if d.Status == "stopped" || d.Status == "stopping" {
		f := x.fail(name, link.CauseStopped, d.Name+" is "+d.Status)
		f.diagnosis.Say, f.fix, f.why = d.Name+" is "+d.Status+".", "", ""
		return f
	}
	return pass(name, "%s is at %s", d.Name, d.Version)
}

// port finds a key at the transport port, and no key at the port for keys.
func (x *HealthReport) port() *finding {
	const name = "Port and model match"
	address := x.Own.Options(x.Alias)["proxy_address"]
	_, text, err := net.SplitHostPort(address)
	port, err2 := strconv.Atoi(text)
	if errors.Join(err, err2) != nil {
		return nil
	}
	keyed := !x.Certified() && (x.HasKey || x.Info.Credentials != "" || x.Managed != nil && x.Managed.KeyName != "")
	switch {
	case keyed && elastic.TransportPorts[port]:
		return x.fail(name, link.CausePort, address+", and there is a key for "+x.Alias)
	case !keyed && port == elastic.KeyPort:
		return x.fail(name, link.CauseNoKey, address+", and there is no key for "+x.Alias)
	}
	model := inventory.ByCertificate
	if keyed {
		model = inventory.ByKey
	}
	return pass(name, "%s, %s", address, model)
}

func (x *HealthReport) serverName() *finding {
	set := x.Own.Options(x.Alias)["server_name"]
	if !x.HasRemote() || x.Remote.Endpoint == "" {
		return nil
	}
	_, right := link.RightAddress(x.ConnectionState)
	switch name := "The server name is the remote's endpoint"; {
	case set != right && right != x.Remote.Endpoint:
		return x.fail(name, link.CauseServerName, fmt.Sprintf("it is %q but was approved as %q", set, right))
	case set != right:
		return x.fail(name, link.CauseServerName, fmt.Sprintf("it is %q but the platform reports %q", set, right))
	case set != x.Remote.Endpoint:
		return pass("The server name is as approved", "%s", set)
	default:
		return pass(name, "%s", set)
	}
}

func (x *HealthReport) stored() *finding {
	const name = "The local keystore holds a key"
	switch {
	case x.Certified(), x.ReadError(link.PartKeystore) != nil, x.Info.Credentials == "" && !x.HasKey && (x.Managed == nil || x.Managed.KeyName == ""):
		return nil // unknown, or a connection by certificate
	case !x.HasKey:
		return x.fail(name, link.CauseNoKey, elastic.CredentialsName(x.Alias)+" is not in the keystore")
	}
	return pass(name, "%s", elastic.CredentialsName(x.Alias))
}

func (x *HealthReport) keyValid() *finding {
	const name = "The key is valid"
	if x.Managed == nil || x.Managed.KeyName == "" || x.KeysUnread != nil || !x.HasRemote() {
		return nil
	}
	if x.KeyGone() {
		evidence := "no valid key " + x.Managed.KeyName + " on " + x.Remote.Name
		if t := x.Managed.KeyExpires(); !t.IsZero() {
			evidence += ", it was due to expire on " + t.UTC().Format("2006-01-02")
		}
		return x.fail(name, link.CauseBadKey, evidence)
	}
	for _, k := range x.Keys { // a pattern that the key does not grant matches nothing, and Elasticsearch calls that no error
		if missing := link.LacksPatterns(k.Access, x.Managed.Access); len(missing) > 0 {
			return x.fail(name, link.CauseNotAllowed, "the key "+k.ID+" does not grant "+link.JoinWords(missing)+", only "+link.AccessWords(k.Access))
		}
	}
	return pass(name, "%s", x.KeyLine())
}

// connected uses the connection.
func (x *HealthReport) connected(ctx context.Context, now func() time.Time) *finding {
	const name = "The connection works"
	es, err := x.LocalOn.Cluster(x.PairState.Local)
	if err != nil {
		return nil
	}
	want := x.expectation()
	seen, err := inventory.Observe(ctx, es, x.Alias, link.ToResolve(x.PairState.Local, want.Access), now)
	if err != nil {
		f := x.fail(name, link.CauseUnknown, link.Sentence(err))
		f.diagnosis.Say, f.diagnosis.Fix = "The local cluster did not answer.", "Try again in a moment."
		return f
	}
	x.Info, x.Listed, x.Latency, x.Version = seen.Info, seen.Listed, seen.Latency, seen.Version()
	verdict := link.Judge(seen, want)
	if verdict.Works() {
		return pass(name, "%s", verdict.Proof)
	}
	f := x.fail(name, verdict.Cause, verdict.Trouble)
	return privileged(x, distrusted(x, x.filtered(f), now()))
}

// expectation is what the connection is judged by: what was approved, or else what is set.
func (x *HealthReport) expectation() link.Expectation {
	want := link.Expectation{Model: x.model()}
	if x.Managed != nil {
		want.Access = x.Managed.Access
	}
	for _, k := range x.Keys {
		want.KeyIDs = append(want.KeyIDs, k.ID)
	}
	if x.ReadError(link.PartKeystore) == nil {
		want.Keystore = &x.HasKey
	}
	if set, err := strconv.ParseBool(x.Own.Options(x.Alias)["skip_unavailable"]); err == nil {
		want.Skip = &set
	}
	return want
}

func (x *HealthReport) licenses() *finding {
	const name = "Both licenses cover API keys"
	if !x.HasRemote() {
		return nil
	}
	if x.Info.Credentials == "" {
		return x.esql()
	}
	var w link.WarningList
	w.License("local", x.PairState.Local, x.LocalLicense, x.ReadError(link.PartLocalCluster, link.PartLocalLicense))
	w.License("remote", x.Remote, x.RemoteLicense, x.ReadError(link.PartRemoteCluster, link.PartRemoteLicense))
	if len(w) > 0 {
		return x.fail(name, link.CauseLicense, strings.Join(w, " "))
	}
	return pass(name, "%s, %s", x.LocalLicense.Type, x.RemoteLicense.Type)
}

func (x *HealthReport) versions() *finding {
	const name = "The versions are compatible"
	local, err := elastic.ParseVersion(x.PairState.Local.Version)
	remote, err2 := elastic.ParseVersion(x.Remote.Version)
	if errors.Join(err, err2) != nil {
		return nil
	}
	if why := elastic.Mismatches(local, remote, link.PrefillUpdate(x.ConnectionState).Access); len(why) > 0 {
		return x.fail(name, link.CauseVersions, strings.Join(why, " "))
	}
	return pass(name, "%s, %s", local, remote)
}
