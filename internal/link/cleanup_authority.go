package link

import (
	"context"
	"errors"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// unusedAuthority is the file with a certificate authority that was added to those by which the remote cluster believes
// signatures, as a plan found the setting.
type unusedAuthority struct {
	File   string   `json:"file"`
	Remote string   `json:"remote"` // the deployment's name
	Own    string   `json:"own"`    // name of the connection's own key
	Before []string `json:"before"`
	After  []string `json:"after"` // null: it is set no more
}

func (s unusedAuthority) say() string {
	return "that " + s.Remote + " believes signatures by " + s.File
}

// unusedAuthority works out whether the authority that was added for a connection can go.
func findUnusedAuthority(ctx context.Context, e ConnectionState, l *cleanup) {
	if e.Managed == nil || e.Managed.Authority == "" || !e.HasRemote() {
		return
	}
	s := unusedAuthority{File: e.Managed.Authority, Remote: e.Remote.Name, Own: e.Managed.KeyName}
	es, err := e.remoteOn.Cluster(e.Remote)
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
		why, err = s.stays(ctx, es, v, e.Managed.Remote)
	}
	switch {
	case err != nil:
		l.unread(s.say(), err)
	case why != "":
		l.keep("%s: %s", s.say(), why)
	default:
		s.Before, s.After = now.Persistent, without(now.Persistent, s.File)
		if slices.Equal(s.After, now.Declared) {
			s.After = nil // the file of the cluster says so without a setting
		}
		l.Authority = &s
	}
}

// stays says why the authority has to stay believed; empty where it need not.
func (s unusedAuthority) stays(ctx context.Context, es elastic.Cluster, v elastic.Verifier, on elastic.Ref) (string, error) {
	others, err := demanding(ctx, v, on, s.Own)
	if err != nil {
		return "", err
	}
	if len(others) > 0 {
		return "other keys there demand a certificate, and may rest on it: " + list(others), nil
	}
	privileged, ok := es.(elastic.Privileged)
	if !ok {
		return "", nil
	}
	missing, err := privileged.MissingPrivileges(ctx, []string{"manage"}) // which writing cluster settings takes
	if err != nil {
		return "", wrapCall("asking what the bot may do on "+on.String(), err)
	}
	if len(missing) > 0 {
		return "the bot's user there lacks the cluster privilege manage", nil
	}
	return "", nil
}
