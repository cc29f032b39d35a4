package export

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// labels gives each thing a name that Terraform takes, and no two the same.
type labels struct {
	given map[string]string // by what it is for
	taken map[string]bool
}

func newLabels() *labels { return &labels{given: map[string]string{}, taken: map[string]bool{}} }

var notInLabels = regexp.MustCompile(`[^a-z0-9_]+`)

// of is the label of something: one that is told apart by what and text, or by what alone where that names it.
func (l *labels) of(what, text string) string {
	key := what
	if !strings.Contains(what, "/") {
		key += " " + text
	}
	if label, ok := l.given[key]; ok {
		return label
	}
	base := strings.Trim(notInLabels.ReplaceAllString(strings.ToLower(text), "_"), "_")
	if base == "" || base[0] >= '0' && base[0] <= '9' {
		base = "x" + base
	}
	label := base
	for i := 2; l.taken[label]; i++ {
		label = base + "_" + strconv.Itoa(i)
	}
	l.given[key], l.taken[label] = label, true
	return label
}

func traversal(names ...string) hcl.Traversal {
	t := hcl.Traversal{hcl.TraverseRoot{Name: names[0]}}
	for _, n := range names[1:] {
		t = append(t, hcl.TraverseAttr{Name: n})
	}
	return t
}

// path is a reference such as ec.label.
func path(names ...string) hclwrite.Tokens { return hclwrite.TokensForTraversal(traversal(names...)) }

// index is names["key"].
func index(key string, names ...string) hclwrite.Tokens {
	return hclwrite.TokensForTraversal(append(traversal(names...), hcl.TraverseIndex{Key: cty.StringVal(key)}))
}

// first is names[0].attribute.
func first(attribute string, names ...string) hclwrite.Tokens {
	return hclwrite.TokensForTraversal(append(traversal(names...), hcl.TraverseIndex{Key: cty.NumberIntVal(0)}, hcl.TraverseAttr{Name: attribute}))
}

// template is "${names}text".
func template(text string, names ...string) hclwrite.Tokens {
	all := hclwrite.Tokens{{Type: hclsyntax.TokenOQuote, Bytes: []byte(`"`)}, {Type: hclsyntax.TokenTemplateInterp, Bytes: []byte("${")}}
	all = append(all, path(names...)...)
	all = append(all, &hclwrite.Token{Type: hclsyntax.TokenTemplateSeqEnd, Bytes: []byte("}")})
	literal := hclwrite.TokensForValue(cty.StringVal(text))
	return append(all, literal[1:]...) // without its opening quote
}
