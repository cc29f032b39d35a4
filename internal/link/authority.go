package link

import (
	"fmt"
	"slices"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// The file with the authority of an Elastic Cloud region, which all nodes there have. Other authorities are uploaded as a
// bundle, whose files come to lie under bundleDir (Elastic's docs: ec-remote-cluster-strong-identity).
const (
	regionalAuthority = "internal_tls_ca.crt"
	bundleDir         = "/app/config/"
	BundleFolder      = "signing"
)

// authority is the file on the remote nodes that holds the authority of the local certificates, and whether the platform
// puts it there by itself: only within a region of one platform of Elastic Cloud.
func (s PairState) authority() (file string, there bool) {
	if s.LocalOn.Kind == elastic.KindECH && s.Local.Platform == s.Remote.Platform && s.Local.Region != "" && s.Local.Region == s.Remote.Region {
		return regionalAuthority, true
	}
	name := s.Local.Platform
	if s.Local.Region != "" {
		name += "-" + s.Local.Region
	}
	return bundleDir + BundleFolder + "/" + name + ".crt", false
}

// Authorities are the files to be set on the remote cluster: those that are in force and the missing one, which is last.
// Nil where none is missing.
func (s PairState) Authorities() []string {
	file, _ := s.authority()
	var now []string
	if s.Signing != nil {
		now = s.Signing.InForce()
	}
	if slices.Contains(now, file) {
		return nil
	}
	return append(slices.Clone(now), file)
}

// ByHand reports whether a person has to upload the authority.
func (s PairState) ByHand(c ConnectParams) bool {
	_, there := s.authority()
	return c.Identity != nil && !there && s.Authorities() != nil
}

// uploading says how the authority comes to lie where the plan expects it (Elastic's docs:
// ec-remote-cluster-strong-identity, upload-custom-plugins-bundles).
func (s PairState) uploading() string {
	file, _ := s.authority()
	inside := strings.TrimPrefix(file, bundleDir)
	return fmt.Sprintf("1. In the console of %s open %s, Security, CA certificates, and download the CA. "+
		"2. Save it as %s and put that folder with it into a ZIP file. "+
		"3. On %s add the ZIP as a bundle under Extensions, and enable it for %s; this restarts its nodes one by one. "+
		"The bot then sets %s to the file, %s.",
		SystemLabel(s.LocalOn), s.Local.Name, inside, SystemLabel(s.RemoteOn), s.Remote.Name, elastic.SigningAuthorities, file)
}
