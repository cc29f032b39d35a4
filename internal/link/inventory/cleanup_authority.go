package inventory

import (
	"context"
	"errors"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// UnusedAuthority is the file with a certificate authority that was added to those by which the remote cluster believes
// signatures, as a plan found the setting.
type UnusedAuthority struct {
	File   string   `json:"file"`
	Remote string   `json:"remote"` // the deployment's name
	Own    string   `json:"own"`    // name of the connection's own key
	Before []string `json:"before"`
	After  []string `json:"after"` // null: it is set no more
}

func (s UnusedAuthority) say() string {
	return "that " + s.Remote + " believes signatures by " + s.File
}

// FindUnusedAuthority works out whether the authority that was added for a connection can go.
func FindUnusedAuthority(ctx context.Context, e link.ConnectionState, l *Cleanup) {
	if e.Managed == nil || e.Managed.Authority == "" || !e.HasRemote() {
		return
	}
	s := UnusedAuthority{File: e.Managed.Authority, Remote: e.Remote.Name, Own: e.Managed.KeyName}
	es, err := e.RemoteOn.Cluster(e.Remote)
	v, ok := es.(elastic.Verifier)
	if err == nil && !ok {
		err = errors.New("the bot can't tell whose signatures it believes")
	}
	var now elastic.SigningTrust
	if err == nil {
		now, err = v.SigningTrust(ctx)
	}
	if err == nil && !slices.Contains(now.Persistent, s.File) {
		return // somebody has taken it out
	}
	var why string
	if err == nil {
		why, err = s.Stays(ctx, es, v, e.Managed.Remote)
	}
	switch {
	case err != nil:
		l.unread(s.say(), err)
	case why != "":
		l.Leave("%s: %s", s.say(), why)
	default:
		s.Before, s.After = now.Persistent, WithoutFiles(now.Persistent, s.File)
		if slices.Equal(s.After, now.Declared) {
			s.After = nil // the file of the cluster says so without a setting
		}
		l.Authority = &s
	}
}

// Stays says why the authority has to stay believed; empty where it need not.
func (s UnusedAuthority) Stays(ctx context.Context, es elastic.Cluster, v elastic.Verifier, on elastic.Ref) (string, error) {
	others, err := Demanding(ctx, v, on, s.Own)
	if err != nil {
		return "", err
	}
	if len(others) > 0 {
		return "other keys there demand a certificate, and may rest on it: " + link.JoinWords(others), nil
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

func WithoutFiles(files []string, file string) []string {
	return slices.DeleteFunc(slices.Clone(files), func(f string) bool { return f == file })
}

// Demanding are the keys on a remote cluster that demand a certificate, beside a connection's own: their connections
// may rest on the same authority.
func Demanding(ctx context.Context, v elastic.Verifier, on elastic.Ref, own string) ([]string, error) {
	keys, err := v.IdentityKeys(ctx)
	if err != nil {
		return nil, link.WrapCall("looking for keys that demand a certificate on "+on.String(), err)
	}
	var others []string
	for _, k := range keys {
		if k.Name != own {
			others = append(others, k.Name)
		}
	}
	return others, nil
}
