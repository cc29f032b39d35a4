package inventory

import (
	"slices"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

func TestNamesakesAreToldApart(t *testing.T) {
	d := func(id, name string) elastic.Deployment {
		return elastic.Deployment{Ref: elastic.Ref{Platform: "cloud", Deployment: id}, Name: name}
	}
	all := []elastic.Deployment{
		d("aaaaaaaa1", "logs"), d("bbbbbbbb1", " LOGS"), d("cccccccc1", "metrics"), d("dddddddd1", "twins"), d("dddddddd2", "twins"), d("e", ""), d("f", ""),
	}
	for range 2 { // again changes nothing
		namesakesOf(all).tellApart(all)
	}
	var got, given []string
	for _, d := range all {
		got, given = append(got, d.Name), append(given, d.Given())
	}
	if want := []string{"logs [aaaaaa]", " LOGS [bbbbbb]", "metrics", "twins [dddddddd1]", "twins [dddddddd2]", "", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := []string{"logs", " LOGS", "metrics", "twins", "twins", "", ""}; !slices.Equal(given, want) {
		t.Errorf("given %q, want %q", given, want)
	}
}

// What nobody sees tells no names apart: cards leave it out.
func TestNamesThatLookTheSameAreNamesakes(t *testing.T) {
	name := func(s string) string { return nameKey(elastic.Deployment{Name: s}) }
	for _, twin := range []string{
		"metrics\u200b-eu", "metrics\u00ad-eu", "\u2060metrics-eu", "metrics-eu\ufe0f", "metrics-eu\u3164", "\u202emetrics-eu", "metrics-eu\x00", "METRICS-EU\t",
	} {
		if name(twin) != name("metrics-eu") {
			t.Errorf("%q is told apart by what nobody sees", twin)
		}
	}
	if name("metrics eu") == name("metrics-eu") || name("métrics-eu") == name("metrics-eu") {
		t.Error("different names are taken for the same")
	}
}
