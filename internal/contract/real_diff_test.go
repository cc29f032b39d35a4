package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// answer is what is compared: texts that each run makes anew are masked.
type answer struct {
	status               int
	product, contentType string
	challenged           bool // there is a header WWW-Authenticate
	body                 string
}

type difference struct{ at, real, standIn string }

func differences(real, standIn answer) []difference {
	var out []difference
	add := func(at, a, b string) {
		if a != b && !changing.MatchString(at) {
			out = append(out, difference{at, a, b})
		}
	}
	add("status", fmt.Sprint(real.status), fmt.Sprint(standIn.status))
	add("X-Elastic-Product", real.product, standIn.product)
	add("Content-Type", real.contentType, standIn.contentType)
	add("WWW-Authenticate", fmt.Sprint(real.challenged), fmt.Sprint(standIn.challenged))
	a, b := flat(real.body), flat(standIn.body)
	for _, at := range slices.Sorted(maps.Keys(union(a, b))) {
		add(at, a[at], b[at])
	}
	return out
}

// changing are places whose values differ from run to run, or name the build. The order of the challenges does.
var changing = regexp.MustCompile(`^\.(took|cluster_name|cluster_uuid|version\.(build_.*|lucene_version)|hits\.hits\[\d+\]\._id|_clusters\.details\.[\w()]+\.took|` +
	`license\.(uid|issue_date|issue_date_in_millis|expiry_date|expiry_date_in_millis|issued_to)|` +
	`id|api_key|encoded|expiration|api_keys\[\d+\]\.(creation|expiration|invalidation)|` +
	`nodes\.ID\.(name|keystore_(digest|path|last_modified_time)))$|\.header\.WWW-Authenticate`)

// unmasked are texts within answers that no two runs share: where a body is wrong, addresses of nodes, and what a
// certificate hashes to.
var unmasked = []struct {
	is   *regexp.Regexp
	mask string
}{
	{regexp.MustCompile(`"nodes":\{"[^"]+":`), `"nodes":{"ID":`},
	{regexp.MustCompile(`\[1:\d+\]`), "[1:1]"},
	{regexp.MustCompile(`(127\.\d+\.\d+\.\d+|other\.example):9443`), "$$REMOTE:9443"},
	{regexp.MustCompile(`127\.\d+\.\d+\.\d+:`), "$$REMOTE:"},
	{regexp.MustCompile(`"bootstrap\.password",`), ""},
	{regexp.MustCompile(`SHA1:[0-9a-f]{40}`), "SHA1:HASH"},
	{regexp.MustCompile(`Configured file \[[^\]]*/`), "Configured file [/"},
}

// flat turns JSON into its leaves by path.
func flat(body string) map[string]string {
	out := map[string]string{}
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		out["text"] = body
		return out
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, in := range v {
				walk(at+"."+name, in)
			}
			if len(v) == 0 {
				out[at] = "{}"
			}
		case []any:
			for i, in := range v {
				walk(fmt.Sprintf("%s[%d]", at, i), in)
			}
			if len(v) == 0 {
				out[at] = "[]"
			}
		default:
			one, _ := json.Marshal(v) //nolint:errchkjson // it came from JSON
			out[at] = string(one)
		}
	}
	walk("", v)
	return out
}

func union(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// pattern is a cell of real/differences.md; a * stands for any text.
type pattern string

func (p pattern) covers(text string) bool {
	parts := strings.Split(string(p), "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(text)
}

// knownDifference is a row of real/differences.md. One that says "at times" need not be met.
type knownDifference struct {
	version, step, at pattern
	atTimes           bool
}

func (k knownDifference) covers(version, step, at string) bool {
	return k.version.covers(version) && k.step.covers(step) && k.at.covers(at)
}

func knownDifferences(t *testing.T) []knownDifference {
	t.Helper()
	raw, err := os.ReadFile("real/differences.md")
	must(t, err)
	var out []knownDifference
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		if len(cells) != 6 || cells[0] == "version" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		out = append(out, knownDifference{pattern(cells[0]), pattern(cells[1]), pattern(cells[2]), strings.HasPrefix(cells[5], "at times")})
	}
	if len(out) == 0 {
		t.Fatal("no differences were read")
	}
	return out
}
