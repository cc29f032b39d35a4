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
