package inventory

import (
	"context"
	"strings"
	"unicode"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// namesakes are the ids of a platform's deployments by what their owners call them. A name is free text: anybody who may
// make a deployment can call it like another one.
type namesakes map[string][]string

func namesakesOf(all []elastic.Deployment) namesakes {
	n := namesakes{}
	for _, d := range all {
		key := nameKey(d)
		n[key] = append(n[key], d.Deployment)
	}
	return n
}

// nameKey is the same for names that people can't tell apart: case, spaces, and characters that nobody sees make no difference.
func nameKey(d elastic.Deployment) string {
	seen := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			return -1
		}
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, d.Given())
	return strings.ToLower(strings.Join(strings.Fields(seen), " "))
}

// tellApart puts a part of its id behind the name of each deployment that is not alone in having it.
func (n namesakes) tellApart(all []elastic.Deployment) {
	for i := range all {
		for _, id := range n[nameKey(all[i])] {
			if id != all[i].Deployment {
				addID(&all[i], n[nameKey(all[i])])
				break
			}
		}
	}
}

// addID puts as much of d's id behind its name as tells it from others.
func addID(d *elastic.Deployment, others []string) {
	const short = 6
	if d.OwnName != "" || d.Name == "" {
		return
	}
	id := d.Deployment[:min(short, len(d.Deployment))]
	for _, other := range others {
		if other != d.Deployment && strings.HasPrefix(other, id) {
			id = d.Deployment
		}
	}
	d.OwnName, d.Name = d.Name, d.Name+" ["+id+"]"
}

// tellApart does so for deployments of a platform. Where its names can't be read, any name may be another one's too.
func tellApart(ctx context.Context, c *Catalog, sys link.System, all []elastic.Deployment) {
	if sys.Kind == elastic.KindSelfManaged || len(all) == 0 { // the configuration gives these their names, each its own
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	names, err := c.names.get(ctx, sys.Name, func(ctx context.Context) (namesakes, error) {
		all, err := allOf(ctx, sys)
		return namesakesOf(all), err
	})
	names.tellApart(all)
	if err != nil {
		for i := range all {
			addID(&all[i], nil)
		}
	}
}
