package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// evUnread is noted, followed by the number of a look, where nodes tell that they have not read a key.
const evUnread = "key_not_read_"

// unreadLooks is how often nodes may tell that. Then the work goes on: whether the connection works, verify finds out.
const unreadLooks = 5

// readKey has the nodes read their keystore before the settings of a new alias are written: those that read its key while
// they are applied forget the alias (see settle). From 9.5 on nodes tell what they have read, and are waited for.
func readKey(ctx context.Context, local side, alias string, had change.Evidence, note change.Note) error {
	nodes, err := local.es.ReloadSecureSettings(ctx)
	if err != nil {
		return nil //nolint:nilerr // it is only a help, as in released
	}
	var late []string
	for _, n := range nodes {
		if n.Told && !slices.Contains(n.Names, elastic.CredentialsName(alias)) {
			late = append(late, n.Node)
		}
	}
	for n := 1; len(late) > 0 && n <= unreadLooks; n++ {
		look := fmt.Sprint(evUnread, n)
		if had[look] != "" {
			continue
		}
		if err := note(ctx, change.Evidence{look: "true"}); err != nil {
			return err
		}
		return change.Waiting(&change.ExplainedError{
			Say: fmt.Sprintf("%s of %s %s not read the key yet.", link.JoinWords(late), local.d.Name, hasOrHave(late)), Err: errNotRead,
		})
	}
	return nil
}

func hasOrHave(of []string) string {
	if len(of) == 1 {
		return "has"
	}
	return "have"
}

var errNotRead = errors.New("the keystore was not read again yet")
