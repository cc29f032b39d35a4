package inventory

import (
	"context"
	"errors"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// UnusedAuthority is the file with a certificate authority that was added to those by which the remote cluster believes
// signatures, with what the bot has on record of the setting: nothing else shows it.
type UnusedAuthority struct {
	File   string   `json:"file"`
	Remote string   `json:"remote"` // the deployment's name
	Own    string   `json:"own"`    // name of the connection's own key
	Before []string `json:"before"`
	After  []string `json:"after"` // null: it is set no more

	rest []link.AuthorityFile // After, as it is remembered
}

func (s UnusedAuthority) say() string {
	return "that " + s.Remote + " trusts signatures by " + s.File
}

// record remembers what is set once the file is out.
func (s UnusedAuthority) record(remote elastic.Ref) change.Record {
	return link.AuthoritiesRecord{Remote: remote, Authorities: s.rest}.Record()
}

// FindUnusedAuthority works out whether the authority that was added for a connection can go.
func FindUnusedAuthority(ctx context.Context, r *Connections, e link.ConnectionState, l *Cleanup) {
	if e.Managed == nil || e.Managed.Authority == "" || !e.HasRemote() {
		return
	}
	s := UnusedAuthority{File: e.Managed.Authority, Remote: e.Remote.Name, Own: e.Managed.KeyName}
	found, err := r.Records.Registry.Records(ctx, link.AuthoritiesKey(e.Managed.Remote))
	var known *link.AuthoritiesRecord
	if err == nil {
		known, err = link.ReadAuthorities(e.Managed.Remote, found)
	}
	var es elastic.Cluster
	if err == nil {
		es, err = e.RemoteOn.Cluster(e.Remote)
	}
	var why string
	if err == nil {
		why, err = s.Stays(ctx, es, e.Managed.Remote)
	}
	switch {
	case err != nil:
		l.unread(s.say(), err)
	case why != "":
		l.Leave("%s: %s", s.say(), why)
	case known == nil || !link.HasFile(known.Authorities, s.File):
		l.Leave("%s: the bot has no record of what else is set there, and Elasticsearch doesn't show it", s.say())
	default:
		s.rest = link.WithoutFile(known.Authorities, s.File)
		s.Before, s.After = link.FilesOf(known.Authorities), link.FilesOf(s.rest)
		l.Authority = &s
	}
}

// Stays says why the authority has to stay believed; empty where it need not.
func (s UnusedAuthority) Stays(ctx context.Context, es elastic.Cluster, on elastic.Ref) (string, error) {
	v, ok := es.(elastic.Verifier)
	if !ok {
		return "", errors.New("the bot can't tell which keys require a certificate there")
	}
	keys, err := v.IdentityKeys(ctx)
	if err != nil {
		return "", link.WrapCall("looking for keys that require a certificate on "+on.String(), err)
	}
	var others []string
	for _, k := range keys {
		if k.Name != s.Own {
			others = append(others, k.Name)
		}
	}
	if len(others) > 0 {
		return "other keys there require a certificate and may depend on it: " + link.JoinWords(others), nil
	}
	privileged, ok := es.(elastic.Privileged)
	if !ok {
		return "", nil
	}
	missing, err := privileged.MissingPrivileges(ctx, []string{"manage"}) // which writing cluster settings takes
	if err != nil {
		return "", link.WrapCall("asking what the bot may do on "+on.String(), err)
	}
	if len(missing) > 0 {
		return "the bot's user there lacks the cluster privilege manage", nil
	}
	return "", nil
}
