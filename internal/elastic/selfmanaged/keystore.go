package selfmanaged

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/secret"
)

// errByHand says that the keystores of these clusters are for people to edit.
var errByHand = errors.New("people edit these keystores by hand: Elasticsearch has no API for it, and there is no hook")

// ByHand reports that people edit the keystores, unless their owners have given the bot a hook.
func (p *Platform) ByHand(elastic.Deployment) bool { return p.hook == nil }

// ReadSecrets makes the nodes read their keystores. From 9.5 on they tell what they have found there.
func (p *Platform) ReadSecrets(ctx context.Context, d elastic.Deployment) ([]elastic.NodeSecrets, error) {
	c, err := p.cluster(d.Deployment)
	if err != nil {
		return nil, err
	}
	client, err := p.client(c)
	if err != nil {
		return nil, err
	}
	return client.ReloadSecureSettings(ctx)
}

// CopySecret is one line of a shell; the second entry is not touched if the first can't be read, and the first goes last.
func (*Platform) CopySecret(from, to string) change.Call {
	return change.Call{
		Method: "value=$(" + keystoreTool + " show " + from + ") &&",
		Path:   "printf %s \"$value\" | " + keystoreTool + " add --force --stdin " + to + " && " + keystoreTool + " remove " + from,
	}
}

// SecretNames returns the entries that every node has, as the hook says. Without one, those that the nodes use: a key for
// an alias that is not set is told by no API.
func (p *Platform) SecretNames(ctx context.Context, d elastic.Deployment) ([]string, error) {
	if p.hook != nil {
		return p.hook.names(ctx, d.Deployment)
	}
	c, err := p.Cluster(d)
	if err != nil {
		return nil, err
	}
	all, err := c.RemoteInfo(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for alias, info := range all {
		if info.Credentials != "" {
			names = append(names, elastic.CredentialsName(alias))
		}
	}
	slices.Sort(names)
	return names, nil
}

// StoreSecret has the hook store an entry on every node, makes them read it, and looks that they have.
func (p *Platform) StoreSecret(ctx context.Context, d elastic.Deployment, name string, value secret.Secret) error {
	if p.hook == nil {
		return errByHand
	}
	if value.Empty() {
		return fmt.Errorf("%s: an empty secret is not stored", p.o.Name)
	}
	if err := p.hook.put(ctx, d.Deployment, name, value); err != nil {
		return err
	}
	return written(p.reload(ctx, d, name, true))
}

// RemoveSecret has the hook remove an entry from every node, makes them read that, and looks that they have.
func (p *Platform) RemoveSecret(ctx context.Context, d elastic.Deployment, name string) error {
	if p.hook == nil {
		return errByHand
	}
	if err := p.hook.remove(ctx, d.Deployment, name); err != nil {
		return err
	}
	return written(p.reload(ctx, d, name, false))
}

// written marks what failed after the keystores had been written.
func written(err error) error {
	if call, ok := errors.AsType[*elastic.CallError](err); ok {
		call.Ambiguous = true
	}
	return err
}

// reload makes the nodes read their keystores. Where they tell what they have read, it is looked at.
func (p *Platform) reload(ctx context.Context, d elastic.Deployment, name string, wanted bool) error {
	nodes, err := p.ReadSecrets(ctx, d)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if n.Told && slices.Contains(n.Names, name) != wanted {
			has := "has no " + name
			if !wanted {
				has = "still has " + name
			}
			return &elastic.CallError{
				System: "Elasticsearch of " + d.Name, Call: "POST /_nodes/reload_secure_settings", Status: http.StatusOK, Code: "keystore_differs",
				Reason: "node " + n.Node + " " + has + " in its keystore", Ambiguous: true,
			}
		}
	}
	return nil
}
