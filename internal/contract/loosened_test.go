package contract

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// places are where an error of kin-openapi says that a value is: /sort/0, or /secrets/NAME/value.
var places = regexp.MustCompile(`Error at "(/[^"/]+)(?:/[^"/]+)?(/[^"]*)?"`)

// Where the bot sends something else than the descriptions say, letter by letter, is known, and nothing else is.
func TestWhatTheDescriptionsAreLoosenedFor(t *testing.T) {
	ece, err := readSwagger("apidocs.json", "regions/ece-region/", !loosened)
	if err != nil {
		t.Fatal(err)
	}
	cloud, err := readSwagger("apidocs-user.json", "", !loosened)
	if err != nil {
		t.Fatal(err)
	}
	strict := map[string]*swagger{"ece-prod": ece, "ece-lab": ece, "elastic-cloud": cloud, "other-cloud": cloud}
	found, calls, odd := map[string]int{}, 0, 0
	for _, x := range exchanges(t) {
		s, known := strict[x.System]
		if !known || wrongOnPurpose[x.Path] != "" {
			continue
		}
		calls++
		err := s.checkRequest(x)
		if err == nil {
			continue
		}
		odd++
		for _, at := range places.FindAllStringSubmatch(err.Error(), -1) {
			found[at[1]+at[2]]++
		}
	}
	t.Logf("%d of %d calls: %v", odd, calls, found)
	if diff := cmp.Diff([]string{"/secrets/value", "/sort"}, slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("described otherwise (-want +got):\n%s", diff)
	}
}
