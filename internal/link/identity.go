package link

import (
	"fmt"
	"regexp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The fields that ask for strong identity verification.
const (
	FieldIdentity     = "identity"
	FieldOrganization = "identity_organization"
)

// Both sides need this version (Elastic's docs: ec-remote-cluster-strong-identity).
const identityMajor, identityMinor = 9, 3

// The alias's settings that make the local nodes sign; dynamic, and each is refused without the other (Elastic's docs:
// remote cluster settings).
const (
	OptionCertificate = "signing.certificate"
	OptionSigningKey  = "signing.key"
)

// The files that the nodes of every deployment have (Elastic's docs: ec-remote-cluster-strong-identity).
const (
	NodeCertificate = "node.crt"
	NodeKey         = "node.key"
)

// The labels of fields that people read of strong identity verification.
const (
	LabelIdentity = "Certificate identity"
	LabelByHand   = "By hand, before the start"
)

// certificateIdentity is the expression that fits the certificates of one cluster's nodes, which the platforms name
// CN=<node>.node.<cluster id>.cluster.<scope id>. Elasticsearch matches it with the whole name, so dots are escaped: as
// they stand in Elastic's example they would fit names of other clusters.
func certificateIdentity(clusterID string) (string, error) {
	if !clusterForm.MatchString(clusterID) {
		return "", fmt.Errorf("%q is not the id of an Elasticsearch cluster: 32 characters of 0-9 and a-f", clusterID)
	}
	pattern := `CN=.*\.node\.` + regexp.QuoteMeta(clusterID) + `\.cluster\..*`
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return "", err
	}
	sample := func(id string) string { return "CN=instance-0000000000.node." + id + ".cluster.1234567890" }
	if !re.MatchString(sample(clusterID)) || re.MatchString(sample("x"+clusterID[1:])) {
		return "", fmt.Errorf("the expression %s does not distinguish the certificates of %s from others", pattern, clusterID)
	}
	return pattern, nil
}

// signature is what the local nodes sign with: what their owners say, or what the nodes of every deployment have.
func signature(s PairState) (elastic.Signature, error) {
	if s.LocalOn.Kind != elastic.KindSelfManaged {
		pattern, err := certificateIdentity(s.Local.ClusterID)
		return elastic.Signature{Certificate: NodeCertificate, Key: NodeKey, Identity: pattern}, err
	}
	if s.Local.SignedBy.Identity == "" {
		return elastic.Signature{}, fmt.Errorf("its nodes need a certificate to sign with, and signing of %s in the bot's configuration must name it "+
			"(docs/self-managed.md, Strong identity verification)", s.Local.Name)
	}
	return s.Local.SignedBy, nil
}

// NoSignature says why strong identity verification is not offered where all that is missing is for the owners of the local
// cluster to set up; empty otherwise.
func NoSignature(s PairState) string {
	why := noIdentity(s)
	if _, err := signature(s); err == nil || s.LocalOn.Kind != elastic.KindSelfManaged || len(why) != 1 {
		return ""
	}
	return why[0]
}

// organizationIdentity is the expression that fits the certificates of all nodes of an organization's clusters.
func organizationIdentity(id string) string {
	return `CN=.*\.node\..*\.cluster\.` + regexp.QuoteMeta(id)
}

// RequireOrganization says why the key of c can't demand certificates of the local side's organization; nil where it can.
func RequireOrganization(s PairState, c ConnectParams) error {
	var wrong change.InvalidError
	switch derived := organizationIdentity(s.LocalScope.ID); {
	case !s.LocalScope.Certain || s.LocalScope.ID == "":
		wrong.Add(FieldOrganization, "the bot can't be sure which organization %s belongs to, so the key could require the wrong certificates", s.Local.Name)
	case c.Identity.Pattern != "" && c.Identity.Pattern != derived:
		wrong.Add(FieldOrganization, "the key must require certificates of the organization of %s: %s", s.Local.Name, derived)
	}
	return wrong.Check()
}

// options are the terms as settings of the alias.
func (t IdentityOptions) options() map[string]any {
	set := map[string]any{}
	for option, value := range map[string]string{OptionCertificate: t.Certificate, OptionSigningKey: t.Key} {
		if value != "" {
			set[option] = value
		}
	}
	return set
}

// identityOf are the terms of a connection that there is; nil where it has none.
func identityOf(pattern string, options map[string]string) *IdentityOptions {
	t := IdentityOptions{Pattern: pattern, Certificate: options[OptionCertificate], Key: options[OptionSigningKey]}
	if t == (IdentityOptions{}) {
		return nil
	}
	return &t
}

// NotSigned is what a remote cluster says of a request that nobody has signed, where the key demands that.
const NotSigned = "no certificate was provided"

// Unsigned reports whether the local nodes sign no more, although it was approved that they do; see remember.
func Unsigned(e ConnectionState) bool {
	return e.Managed != nil && e.Managed.Settings[OptionCertificate] != "" && e.Own.Options(e.Alias)[OptionCertificate] == ""
}

// IdentityDiff is what the key in use demands and what was approved; nothing where that is the same.
func IdentityDiff(e ConnectionState) []change.Field {
	if e.Managed == nil || e.Managed.Identity == "" {
		return nil
	}
	for _, k := range e.Keys {
		if k.Identity != e.Managed.Identity {
			return []change.Field{{Label: LabelIdentity, Value: OrDefault(k.Identity) + " → " + e.Managed.Identity}}
		}
	}
	return nil
}

func checkIdentity(c ConnectParams, wrong *change.InvalidError) {
	if c.Identity != nil && c.ByCertificate() {
		wrong.Add(FieldIdentity, "strong identity verification works with API keys, not with certificates")
	}
	if c.Identity == nil {
		return
	}
	if _, _, problem := ParseAuthorities(c.Identity.Others); problem != "" {
		wrong.Add(FieldAuthorities, "%s", problem)
	}
}

// MayIdentify reports whether strong identity verification can be asked for between the two sides.
func MayIdentify(s PairState) bool { return len(noIdentity(s)) == 0 }

// noIdentity says what keeps the two sides from strong identity verification.
func noIdentity(s PairState) []string {
	var why []string
	for _, side := range []struct {
		d  elastic.Deployment
		on System
	}{{s.Local, s.LocalOn}, {s.Remote, s.RemoteOn}} {
		if v, err := elastic.ParseVersion(side.d.Version); err != nil || !v.AtLeast(identityMajor, identityMinor) {
			why = append(why, fmt.Sprintf("%s runs %s: strong identity verification requires %d.%d or later on both sides",
				side.d.Name, side.d.Version, identityMajor, identityMinor))
		}
		if !side.on.SupportsIdentity {
			why = append(why, fmt.Sprintf("strong identity verification is documented only for Elastic Cloud, not for %s. To use it, "+
				"its operators must enable strong_identity in the bot's configuration", SystemLabel(side.on)))
		}
	}
	_, err := signature(s)
	switch {
	case err == nil:
	case s.LocalOn.Kind == elastic.KindSelfManaged:
		why = append(why, fmt.Sprintf("strong identity verification is not set up for %s: %v", s.Local.Name, err))
	default:
		why = append(why, fmt.Sprintf("the bot can't tell which certificate the key should require: the platform's data for %s, %v", s.Local.Name, err))
	}
	return why
}

// identityProblems says what stands against strong identity verification in the world as it is.
func identityProblems(s PairState, wrong *change.InvalidError, c ConnectParams) {
	if c.Identity == nil {
		return
	}
	for _, why := range noIdentity(s) {
		wrong.Add(FieldIdentity, "%s", why)
	}
	if by, err := signature(s); err == nil && !c.Identity.Organization && c.Identity.Pattern != "" && c.Identity.Pattern != by.Identity {
		wrong.Add(FieldIdentity, "the key must require certificates of %s itself: %s", s.Local.Name, by.Identity)
	}
	if s.MayNotManage {
		wrong.Add(FieldIdentity, "the bot's user on %s lacks the cluster privilege manage, which is required to set %s", s.Remote.Name, elastic.SigningAuthorities)
	}
}

// Identified is c with the terms that the two sides give. What was asked for stays in the parameters as it was.
func Identified(s PairState, c ConnectParams) ConnectParams {
	if c.Identity == nil {
		return c
	}
	by, _ := signature(s) // what is wrong with it was a problem already
	if c.Identity.Organization {
		by.Identity = organizationIdentity(s.LocalScope.ID)
	}
	c.Identity = &IdentityOptions{Organization: c.Identity.Organization, Pattern: by.Identity, Certificate: by.Certificate, Key: by.Key}
	return c
}

// identityFields are what people read of strong identity verification.
func identityFields(c ConnectParams, s PairState) []change.Field {
	if c.Identity == nil {
		return nil
	}
	file, _ := OwnAuthority(s)
	fields := []change.Field{
		{Label: LabelIdentity, Value: c.Identity.Pattern},
		{Label: "Signed by the local side with", Value: c.Identity.Certificate + ", " + c.Identity.Key},
		{Label: "Authority the remote side trusts", Value: file},
	}
	if s.Signing != nil && s.Signing.Changes() {
		fields = append(fields,
			change.Field{Label: "Trusted now, " + s.Signing.source(), Value: sayAuthorities(s.Signing.Before)},
			change.Field{Label: "Trusted afterwards", Value: sayAuthorities(s.Signing.After)})
	}
	if ByHand(s, c) {
		fields = append(fields, change.Field{Label: LabelByHand, Value: uploading(s)})
	}
	return fields
}
