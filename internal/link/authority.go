package link

import (
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The file with the authority of an Elastic Cloud region, which all nodes there have. Other authorities are uploaded as a
// bundle, whose files come to lie under bundleDir (Elastic's docs: ec-remote-cluster-strong-identity).
const (
	regionalAuthority = "internal_tls_ca.crt"
	bundleDir         = "/app/config/"
	BundleFolder      = "signing"
)

// AuthorityPlan is how the authorities of a remote cluster change for a connection.
type AuthorityPlan struct {
	Before, After []AuthorityFile
	Recorded      bool // Before is, at least in part, what the bot has set
}

// Changes reports whether the setting is to be written.
func (p AuthorityPlan) Changes() bool { return len(p.Before) != len(p.After) }

// source is where Before comes from.
func (p AuthorityPlan) source() string {
	if p.Recorded {
		return "on record or stated"
	}
	return "as stated"
}

// warnReplaced says what becomes of what is set on the remote cluster.
func (w *WarningList) warnReplaced(s PairState) {
	if s.Signing != nil && s.Signing.Changes() {
		w.Add("Whatever is set in %s on %s is replaced: Elasticsearch shows it to nobody, so the bot can't look. What is not named here is believed no longer.",
			elastic.SigningAuthorities, s.Remote.Name)
	}
}

// AuthoritiesRecords are what is remembered of the remote cluster; nothing where people set it, or it stays.
func (s PairState) AuthoritiesRecords(pasted bool) []change.Record {
	if s.Signing == nil || pasted || !s.Signing.Changes() {
		return nil
	}
	return []change.Record{AuthoritiesRecord{Remote: s.Remote.Ref, Authorities: s.Signing.After}.Record()}
}

// With are the authorities on record, and others beside them.
func (r AuthoritiesRecord) With(others []AuthorityFile) []AuthorityFile {
	all := slices.Clone(r.Authorities)
	for _, o := range others {
		if !HasFile(all, o.File) {
			all = append(all, o)
		}
	}
	return all
}

// Authority is the file on the remote nodes that holds the authority of the local certificates, and whether the platform
// puts it there by itself: only within a region of one platform of Elastic Cloud.
func (s PairState) Authority() (file string, there bool) {
	if s.LocalOn.Kind == elastic.KindECH && s.Local.Platform == s.Remote.Platform && s.Local.Region != "" && s.Local.Region == s.Remote.Region {
		return regionalAuthority, true
	}
	name := s.Local.Platform
	if s.Local.Region != "" {
		name += "-" + s.Local.Region
	}
	return bundleDir + BundleFolder + "/" + name + ".crt", false
}

// ByHand reports whether a person has to upload the authority.
func (s PairState) ByHand(c ConnectParams) bool {
	_, there := s.Authority()
	return c.Identity != nil && !there && s.Signing != nil && s.Signing.Changes()
}

// uploading says how the authority comes to lie where the plan expects it (Elastic's docs:
// ec-remote-cluster-strong-identity, upload-custom-plugins-bundles).
func (s PairState) uploading() string {
	file, _ := s.Authority()
	inside := strings.TrimPrefix(file, bundleDir)
	return fmt.Sprintf("1. In the console of %s open %s, Security, CA certificates, and download the CA. "+
		"2. Save it as %s and put that folder with it into a ZIP file. "+
		"3. On %s add the ZIP as a bundle under Extensions, and enable it for %s; this restarts its nodes one by one. "+
		"The bot then sets %s to the file, %s.",
		SystemLabel(s.LocalOn), s.Local.Name, inside, SystemLabel(s.RemoteOn), s.Remote.Name, elastic.SigningAuthorities, file)
}
