package link

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The fields of a connect by certificates, as a *change.InvalidError names them.
const (
	FieldModel       = "model"
	FieldLocalScope  = "local_scope"
	FieldRemoteScope = "remote_scope"
	FieldTrustAll    = "trust_all"
	FieldClusters    = "trust_clusters"
	FieldRegions     = "trust_regions"
)

// TransportPort is where a deployment takes certificates unless its platform says otherwise.
const TransportPort = 9400

var (
	scopeForm   = regexp.MustCompile(`^[a-z0-9]{1,32}$`)
	clusterForm = regexp.MustCompile(`^[0-9a-f]{32}$`)
	regionForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,62}$`)
)

// TransportAddress is where a deployment takes certificates.
func TransportAddress(d elastic.Deployment) string {
	if d.Endpoint == "" {
		return ""
	}
	port := d.TransportPort
	if port == 0 {
		port = TransportPort
	}
	return net.JoinHostPort(d.Endpoint, strconv.Itoa(port))
}

// AddressFor is where a remote deployment takes connections under a model.
func AddressFor(m Model, d elastic.Deployment) string {
	if m == ModelCertificate {
		return TransportAddress(d)
	}
	return d.TakesKeysAt()
}

// checkTrust looks at what the certificate model needs, and that nothing of the other model is there.
func checkTrust(c ConnectParams, wrong *change.InvalidError) {
	switch c.Model {
	case "", ModelKey:
		if c.Trust != nil {
			wrong.Add(FieldModel, "trust applies only to TLS certificates")
		}
		return
	case ModelCertificate:
	default:
		wrong.Add(FieldModel, "the model is api_key or certificate")
		return
	}
	if c.Trust == nil {
		wrong.Add(FieldRemoteScope, "say whom the two sides should trust")
		return
	}
	t := *c.Trust
	checkScope(wrong, FieldLocalScope, t.LocalScope)
	checkScope(wrong, FieldRemoteScope, t.RemoteScope)
	if !t.All && len(t.Clusters) == 0 {
		wrong.Add(FieldClusters, "name the Elasticsearch clusters to trust, or trust all deployments")
	}
	if t.All && len(t.Clusters) > 0 {
		wrong.Add(FieldClusters, "leave this empty if all deployments are trusted")
	}
	for _, id := range t.Clusters {
		if !clusterForm.MatchString(id) {
			wrong.Add(FieldClusters, "%q is not the id of an Elasticsearch cluster: 32 characters of 0-9 and a-f", id)
		}
	}
	for _, r := range t.Regions {
		if !regionForm.MatchString(r) {
			wrong.Add(FieldRegions, "%q is not a region, such as aws-eu-west-1", r)
		}
	}
	if len(t.Regions) > 0 && !t.All {
		wrong.Add(FieldRegions, "regions apply only if all deployments are trusted")
	}
}

func checkScope(wrong *change.InvalidError, field, id string) {
	switch {
	case id == "":
		wrong.Add(field, "this id is required")
	case !scopeForm.MatchString(id):
		wrong.Add(field, "an id has up to 32 lower-case letters and digits")
	}
}

// trustProblems says what of the terms can't be right in the world as it is.
func trustProblems(s PairState, wrong *change.InvalidError, c ConnectParams) {
	if c.Trust == nil {
		return
	}
	t := *c.Trust
	if slices.Contains(t.Clusters, s.Remote.Deployment) && s.Remote.Deployment != s.Remote.ClusterID {
		wrong.Add(FieldClusters, "%s is the id of the deployment; its Elasticsearch cluster is %s", s.Remote.Deployment, s.Remote.ClusterID)
	} else if !t.All && len(t.Clusters) > 0 && !slices.Contains(t.Clusters, s.Remote.ClusterID) {
		wrong.Add(FieldClusters, "%s itself is not among them: its Elasticsearch cluster is %s", s.Remote.Name, s.Remote.ClusterID)
	}
	if _, ok := s.LocalOn.Platform.(elastic.Trusts); !ok {
		wrong.Add(FieldLocal, "the bot can't change the trust of deployments on %s", SystemLabel(s.LocalOn))
	}
	if _, ok := s.RemoteOn.Platform.(elastic.Trusts); !ok {
		wrong.Add(FieldRemote, "the bot can't change the trust of deployments on %s", SystemLabel(s.RemoteOn))
	}
	if s.Trust == nil {
		return
	}
	s.Trust.mismatch(wrong, FieldLocalScope, t.LocalScope, s.Trust.Local)
	s.Trust.mismatch(wrong, FieldRemoteScope, t.RemoteScope, s.Trust.Remote)
	e := Entries(s, c)
	unwritable(wrong, FieldLocal, s.Local, s.Trust.Local, e.Local)
	unwritable(wrong, FieldRemote, s.Remote, s.Trust.Remote, e.Remote)
}

// unwritable says that what has to be added to whom d trusts can't be.
func unwritable(wrong *change.InvalidError, field string, d elastic.Deployment, side SideTrust, add elastic.TrustEntry) {
	if now := side.Trusted.Settings; now.Writable(d) != nil && !elastic.Covers(OrNull(now.Entry(add)), add) {
		wrong.Add(field, "the platform does not show the own trust of %s (settings.trust.accounts is missing), so a change would replace it unseen. "+
			"Add the trust in %s by hand in its console under Security, then submit again", d.Name, add.Name)
	}
}

// mismatch says that an id is not the one that the platform itself, or the configuration, names.
func (TrustState) mismatch(wrong *change.InvalidError, field, given string, side SideTrust) {
	if side.Environment.Certain && side.Environment.ID != given {
		wrong.Add(field, "it is %s, as reported by %s", side.Environment.ID, side.Environment.Source)
	}
}

// CertificatesEnd begins the warning of the certificate model itself.
const CertificatesEnd = "TLS certificates are deprecated since 9.0."

// warnCertificates are what people should know of a connection by certificates.
func warnCertificates(w *WarningList, s PairState, c ConnectParams) {
	w.Add(CertificatesEnd+" A superuser of %s can read everything on %s. Use certificates only within one security domain.",
		s.Local.Name, s.Remote.Name)
	if c.Trust == nil {
		return
	}
	warnIDs(w, s, *c.Trust)
	if c.Trust.All {
		w.Add("%s will trust every deployment of %s in the named regions.", s.Local.Name, SystemLabel(s.RemoteOn))
	}
	if s.LocalOn.Kind == elastic.KindECE && s.RemoteOn.Kind == elastic.KindECE {
		w.Add("The bot adds the trust to each deployment, without trust between the two platforms. Elastic's documentation sets up trust between the platforms first.")
	}
	if CanUseKeys(s.Local) && CanUseKeys(s.Remote) {
		w.Add("Both clusters support API keys, which grant only what they name.")
	}
}

// warnIDs warns that nobody but a person can tell whether the ids are right.
func warnIDs(w *WarningList, s PairState, t TrustOptions) {
	var known []string
	for _, side := range []struct{ id, of string }{{t.LocalScope, SystemLabel(s.LocalOn)}, {t.RemoteScope, SystemLabel(s.RemoteOn)}} {
		if side.id != "" {
			known = append(known, side.id+" for "+side.of)
		}
	}
	ids := "the ids"
	if len(known) > 0 {
		ids += ": " + strings.Join(known, " and ")
	}
	w.Add("No platform verifies %s. A wrong one means trusting someone else.", ids)
	if s.Trust == nil {
		return
	}
	for _, side := range []SideTrust{s.Trust.Local, s.Trust.Remote} {
		if doubts := side.Doubts(); doubts != "" {
			w.Add("%s", doubts)
		}
	}
}

// CanUseKeys reports whether a deployment's version takes part in the API key model.
func CanUseKeys(d elastic.Deployment) bool {
	v, err := elastic.ParseVersion(d.Version)
	return err == nil && v.AtLeast(elastic.KeyMajor, elastic.KeyMinor)
}

// Models returns the models that both sides of a survey can use, the better one first.
func Models(s PairState) []Model {
	var all []Model
	if CanUseKeys(s.Local) && CanUseKeys(s.Remote) {
		all = append(all, ModelKey)
	}
	_, local := s.LocalOn.Platform.(elastic.Trusts)
	_, remote := s.RemoteOn.Platform.(elastic.Trusts)
	if local && remote {
		all = append(all, ModelCertificate)
	}
	return all
}

// checkAddressOf is CheckAddress for the model, whose port counts.
func checkAddressOf(m Model, address string) error {
	if m != ModelCertificate {
		return elastic.CheckAddress(address)
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("a proxy address is host:port, such as example.es.eu-west-1.aws.found.io:%d", TransportPort)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return fmt.Errorf("%q is not a port; certificates use port %d", text, TransportPort)
	}
	if port == elastic.KeyPort {
		return fmt.Errorf("port %d is for API keys; certificates use port %d", port, TransportPort)
	}
	if err := elastic.CheckPort(port, TransportPort); err != nil {
		return err
	}
	if net.ParseIP(host) == nil && !elastic.IsHost(host) {
		return fmt.Errorf("%q is not a host name", host)
	}
	return nil
}
