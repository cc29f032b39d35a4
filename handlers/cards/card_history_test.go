package cards

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

// The compiler does not know what a table lacks.
func TestEveryDecisionHasItsWords(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "../../internal/change/request.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "DecisionKind" {
			return true
		}
		for _, value := range spec.Values {
			lit, ok := value.(*ast.BasicLit)
			if !ok {
				t.Fatal("a kind of decision that is no text")
			}
			kind, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds++
			if w := decisionWords[change.DecisionKind(kind)]; w.emoji == "" || w.say == "" {
				t.Errorf("%s has no words", kind)
			}
		}
		return true
	})
	if kinds != len(decisionWords) {
		t.Errorf("%d kinds, and words for %d", kinds, len(decisionWords))
	}
}
