package link

import (
	"cmp"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// FieldAuthorities is the field in which people state what else is set among the authorities of a remote cluster.
const FieldAuthorities = "authorities"

// String is a file for people, with what is in it.
func (a AuthorityFile) String() string {
	if len(a.Certificates) == 0 {
		return a.File
	}
	return a.File + " (" + a.held() + ")"
}

// held are the certificates in a file, for people.
func (a AuthorityFile) held() string {
	var in []string
	for _, c := range a.Certificates {
		in = append(in, fmt.Sprintf("%s, SHA-256 %s, valid until %s", c.Name, c.Fingerprint, c.Until.UTC().Format(time.DateOnly)))
	}
	return strings.Join(in, " and ")
}

func sayAuthorities(all []AuthorityFile) string {
	says := make([]string, len(all))
	for i, a := range all {
		says[i] = a.String()
	}
	return cmp.Or(strings.Join(says, "; "), "nothing")
}

// FilesOf returns the names of the files.
func FilesOf(all []AuthorityFile) []string {
	var files []string
	for _, a := range all {
		files = append(files, a.File)
	}
	return files
}

// HasFile reports whether a file is among them.
func HasFile(all []AuthorityFile, file string) bool { return slices.Contains(FilesOf(all), file) }

// WithoutFile returns all but one file.
func WithoutFile(all []AuthorityFile, file string) []AuthorityFile {
	return slices.DeleteFunc(slices.Clone(all), func(a AuthorityFile) bool { return a.File == file })
}

// AuthoritiesRecord is what the bot remembers of the authorities of a remote cluster: all that it has set there, since
// Elasticsearch shows nobody what is set.
type AuthoritiesRecord struct {
	Remote      elastic.Ref     `json:"remote"`
	Authorities []AuthorityFile `json:"authorities"`
}

const authoritiesPrefix = "signing/"

// AuthoritiesKey is the key of the record, and what two changes of the setting lock each other out by.
func AuthoritiesKey(remote elastic.Ref) string { return authoritiesPrefix + remote.String() }

// Record remembers what is set; where nothing is any more, people say the next time what they have set meanwhile.
func (r AuthoritiesRecord) Record() change.Record {
	if len(r.Authorities) == 0 {
		return change.Record{Key: AuthoritiesKey(r.Remote)}
	}
	return change.Record{Key: AuthoritiesKey(r.Remote), Value: elastic.RawJSON(r)}
}

// ReadAuthorities reads the record of a remote cluster; nil where there is none.
func ReadAuthorities(remote elastic.Ref, found []change.StoredRecord) (*AuthoritiesRecord, error) {
	if len(found) == 0 {
		return nil, nil
	}
	var r AuthoritiesRecord
	if err := json.Unmarshal(found[0].Value, &r); err != nil {
		return nil, fmt.Errorf("the record of the authorities that %s trusts can't be read: %w", remote, err)
	}
	return &r, nil
}

// What people type where nothing else is set.
var nothingElse = []string{"none", "nothing"}

const unknownIsNoAnswer = "“unknown” is not enough: the bot replaces what is set there, and connections that rely on it would fail. " +
	"Ask the remote cluster's operators, then name the files with their certificates, or write none"

var authorityFile = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]*$|^/[A-Za-z0-9_./-]+$`)

// ParseAuthorities reads what people state: files, each with its certificates in PEM below it, or that there are none.
// Empty text states nothing. What is wrong is said without repeating what was pasted.
func ParseAuthorities(text string) (all []AuthorityFile, stated bool, problem string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, false, ""
	}
	if slices.Contains(nothingElse, strings.ToLower(strings.TrimRight(text, "."))) {
		return nil, true, ""
	}
	for text != "" {
		if strings.HasPrefix(text, "-----BEGIN") {
			c, rest, problem := nextCertificate(text)
			switch {
			case problem != "":
				return nil, false, problem
			case len(all) == 0:
				return nil, false, "name the file first, then its certificate below it"
			}
			last := &all[len(all)-1]
			last.Certificates = append(last.Certificates, c)
			text = rest
			continue
		}
		line, rest, _ := strings.Cut(text, "\n")
		file, problem := fileName(strings.TrimSpace(line))
		switch {
		case problem != "":
			return nil, false, problem
		case HasFile(all, file):
			return nil, false, file + " is listed twice"
		}
		all = append(all, AuthorityFile{File: file})
		text = strings.TrimSpace(rest)
	}
	for _, a := range all {
		if len(a.Certificates) == 0 && a.File != regionalAuthority {
			return nil, false, "paste the certificate in PEM below " + a.File + ", so that approvers see whom the cluster will trust"
		}
	}
	return all, true, ""
}

func fileName(line string) (file, problem string) {
	switch {
	case strings.Contains(strings.ToLower(line), "unknown"), strings.Trim(line, "?") == "":
		return "", unknownIsNoAnswer
	case !authorityFile.MatchString(line) || path.Ext(line) == "" || len(line) > 255:
		return "", "write each file as in the setting, such as " + regionalAuthority + " or " + bundleDir + "name.crt, with its certificate in PEM " +
			"below it; or write none"
	}
	return line, ""
}

func nextCertificate(text string) (c Authority, rest, problem string) {
	block, after := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return c, "", "a certificate is incomplete or not PEM: paste all of it, from BEGIN CERTIFICATE to END CERTIFICATE"
	case block.Type != "CERTIFICATE":
		return c, "", "paste only certificates here, never a private key: if that was one, replace it"
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return c, "", "a certificate can't be read: paste all of it, from BEGIN CERTIFICATE to END CERTIFICATE"
	}
	return authorityIn(cert), strings.TrimSpace(string(after)), ""
}

// The file with the authority of an Elastic Cloud region, which all nodes there have. Other authorities are uploaded as a
// bundle, whose files come to lie under bundleDir (Elastic's docs: ec-remote-cluster-strong-identity).
const (
	regionalAuthority = "internal_tls_ca.crt"
	bundleDir         = "/app/config/"
	BundleFolder      = "signing"
)

// authorityDir is where files with authorities lie on the remote nodes: a bundle's, or below the directory of
// elasticsearch.yml, where a relative name leads.
func authorityDir(s PairState) string {
	if s.RemoteOn.Kind == elastic.KindSelfManaged {
		return ""
	}
	return bundleDir
}

// Changes reports whether the setting is to be written.
func (p AuthorityPlan) Changes() bool { return len(p.Before) != len(p.After) }

// source is where Before comes from.
func (p AuthorityPlan) source() string {
	if p.Recorded {
		return "recorded by the bot or given by the requester"
	}
	return "as given by the requester"
}

// warnReplaced says what becomes of what is set on the remote cluster.
func warnReplaced(w *WarningList, s PairState) {
	if s.Signing != nil && s.Signing.Changes() {
		w.Add("This replaces what is set in %s on %s. Elasticsearch doesn't show it, so the bot can't check. Authorities not named here are no longer trusted.",
			elastic.SigningAuthorities, s.Remote.Name)
	}
}

// AuthoritiesRecords are what is remembered of the remote cluster; nothing where people set it, or it stays.
func AuthoritiesRecords(s PairState, pasted bool) []change.Record {
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

// OwnAuthority is the file on the remote nodes that holds the authority of the local certificates, and whether the platform
// puts it there by itself: only within a region of one platform of Elastic Cloud.
func OwnAuthority(s PairState) (file string, there bool) {
	if s.LocalOn.Kind == elastic.KindECH && s.Local.Platform == s.Remote.Platform && s.Local.Region != "" && s.Local.Region == s.Remote.Region {
		return regionalAuthority, true
	}
	name := s.Local.Platform
	switch {
	case s.LocalOn.Kind == elastic.KindSelfManaged: // each cluster may have an authority of its own
		name += "-" + s.Local.Name
	case s.Local.Region != "":
		name += "-" + s.Local.Region
	}
	return authorityDir(s) + BundleFolder + "/" + name + ".crt", false
}

// AuthorityFileOf is the file on the remote nodes with the authority of the local certificates, and what is known to be in it.
func AuthorityFileOf(s PairState) AuthorityFile {
	file, _ := OwnAuthority(s)
	a := AuthorityFile{File: file}
	for _, c := range certificatesIn(s.Local.SignedBy.Authority) {
		a.Certificates = append(a.Certificates, authorityIn(c))
	}
	return a
}

// ByHand reports whether a person has to upload the authority.
func ByHand(s PairState, c ConnectParams) bool {
	_, there := OwnAuthority(s)
	return c.Identity != nil && !there && s.Signing != nil && s.Signing.Changes()
}

// uploading says how the authority comes to lie where the plan expects it (Elastic's docs:
// ec-remote-cluster-strong-identity, upload-custom-plugins-bundles).
func uploading(s PairState) string {
	file, _ := OwnAuthority(s)
	get := fmt.Sprintf("In the console of %s open %s, Security, CA certificates, and download the CA.", SystemLabel(s.LocalOn), s.Local.Name)
	if s.LocalOn.Kind == elastic.KindSelfManaged {
		get = fmt.Sprintf("Take the CA certificate of what %s signs with, %s: %s.", s.Local.Name, s.Local.SignedBy.Certificate, AuthorityFileOf(s).held())
	}
	put := fmt.Sprintf("2. Save it as %s and put that folder into a ZIP file. 3. On %s, add the ZIP as a bundle under Extensions and enable it for %s. "+
		"This restarts its nodes one by one.", strings.TrimPrefix(file, bundleDir), SystemLabel(s.RemoteOn), s.Remote.Name)
	if s.RemoteOn.Kind == elastic.KindSelfManaged {
		put = fmt.Sprintf("2. Save it as %s below the directory of elasticsearch.yml on every node of %s. No node has to restart.", file, s.Remote.Name)
	}
	return fmt.Sprintf("1. %s %s The bot then sets %s to %s.", get, put, elastic.SigningAuthorities, file)
}
