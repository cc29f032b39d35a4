package bot

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestScopesFollowTheMethodsThatAreCalled reads this package's own source: a new call expects its line in the table.
func TestScopesFollowTheMethodsThatAreCalled(t *testing.T) {
	t.Parallel()
	called := methodsInSource(t)
	listed := map[string]bool{}
	for method := range methodScopes {
		listed[method] = true
	}
	if diff := cmp.Diff(called, listed); diff != "" {
		t.Errorf("methods (-called +in the table of scopes):\n%s", diff)
	}
}

func methodsInSource(t *testing.T) map[string]bool {
	t.Helper()
	form := regexp.MustCompile(`^(api|auth|bookmarks|bots|chat|conversations|dnd|emoji|files|pins|reactions|team|usergroups|users|views)(\.[a-zA-Z]+)+$`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "scopes.go" {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && form.MatchString(text) {
					called[text] = true
				}
			}
			return true
		})
	}
	return called
}

func TestScopesAreThoseOfAllMethodsOnce(t *testing.T) {
	t.Parallel()
	want := []string{"channels:history", "channels:read", "chat:write", "commands", "files:write", "groups:history", "groups:read", "im:write", "usergroups:read", "users:read"}
	if diff := cmp.Diff(want, Scopes()); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

func TestGrantedScopesComeFromTheHeader(t *testing.T) {
	t.Parallel()
	m, _, _ := newMessenger(t, map[string][]answer{"auth.test": {{
		header: http.Header{"X-Oauth-Scopes": {"commands,chat:write, im:write"}}, body: `{"ok":true}`,
	}}})
	got, err := m.Granted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"chat:write", "commands", "im:write"}, got); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}
