package link

import (
	"context"
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
	bundleFolder      = "signing"
)

// readSigning reads whose signatures the remote cluster believes. Where a person makes the key, a person sees to that too.
func readSigning(ctx context.Context, s *PairState) error {
	if s.wantsPasted() {
		return nil
	}
	remote, err := s.remoteOn.Cluster(s.Remote)
	if err != nil {
		return wrapCall("reaching Elasticsearch of "+s.Remote.Name, err)
	}
	verifier, ok := remote.(elastic.Verifier)
	if !ok {
		return userError("The bot can't tell whose signatures "+s.Remote.Name+" believes.", "%s is no verifier", s.Remote.Name)
	}
	t, err := verifier.SigningTrust(ctx)
	if err != nil {
		return wrapCall("reading whose signatures "+s.Remote.Name+" believes", err)
	}
	s.signing = &t
	privileged, ok := remote.(elastic.Privileged)
	if !ok || s.authorities() == nil {
		return nil
	}
	missing, err := privileged.MissingPrivileges(ctx, []string{"manage"}) // which writing cluster settings takes
	s.mayNotManage = len(missing) > 0
	return wrapCall("asking what the bot may do on "+s.Remote.Name, err)
}

// authority is the file on the remote nodes that holds the authority of the local certificates, and whether the platform
// puts it there by itself: only within a region of one platform of Elastic Cloud.
func (s PairState) authority() (file string, there bool) {
	if s.localOn.Kind == elastic.KindECH && s.Local.Platform == s.Remote.Platform && s.Local.Region != "" && s.Local.Region == s.Remote.Region {
		return regionalAuthority, true
	}
	name := s.Local.Platform
	if s.Local.Region != "" {
		name += "-" + s.Local.Region
	}
	return bundleDir + bundleFolder + "/" + name + ".crt", false
}

// authorities are the files to be set on the remote cluster: those that are in force and the missing one, which is last.
// Nil where none is missing.
func (s PairState) authorities() []string {
	file, _ := s.authority()
	var now []string
	if s.signing != nil {
		now = s.signing.InForce()
	}
	if slices.Contains(now, file) {
		return nil
	}
	return append(slices.Clone(now), file)
}

// byHand reports whether a person has to upload the authority.
func (s PairState) byHand(c ConnectParams) bool {
	_, there := s.authority()
	return c.Identity != nil && !there && s.authorities() != nil
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
		label(s.localOn), s.Local.Name, inside, label(s.remoteOn), s.Remote.Name, elastic.SigningAuthorities, file)
}

// SigningByHand is the call by which a person makes the remote cluster believe the local one's signatures, where the bot
// can do nothing there, and what has to be uploaded before; empty if that is not needed.
func SigningByHand(p change.Proposal) (call change.Call, uploading string) {
	step := p.Step(StepAddAuthority)
	if step == nil || len(step.Calls) == 0 || p.RequiredInput != InputKey {
		return change.Call{}, ""
	}
	for _, f := range p.Fields {
		if f.Label == labelByHand {
			uploading = f.Value
		}
	}
	return step.Calls[0], uploading
}
