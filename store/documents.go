package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// A document is a field of a hash: a line of facets separated by tabs, then a text. Its index is a sorted set with a
// member "<facet>\n<key>" for each of its facets, all of score 0, so that those of one facet lie side by side: they are
// paged and counted without reading a document. The scripts write both; see put in lua/lib.lua.
type documents struct {
	rdb         redis.UniversalClient
	hash, index string // their keys
}

// fieldSchema stands beside the documents of a hash; no key of a document is called so.

func encodeDocument(facets []string, text string) (string, error) {
	for _, f := range facets {
		if strings.ContainsAny(f, "\t\n") || f == "" {
			return "", fmt.Errorf("%q can't be a facet", f)
		}
	}
	return strings.Join(facets, "\t") + "\n" + text, nil
}

// documentText is a document without its facets.
func documentText(doc string) string {
	_, text, _ := strings.Cut(doc, "\n")
	return text
}

// prefixRange are the members of an index whose facet begins with prefix; a whole facet ends with "\n".
func prefixRange(prefix string) (from, to string) {
	last := len(prefix) - 1
	return "[" + prefix, "(" + prefix[:last] + string([]byte{prefix[last] + 1})
}

// named are the keys of documents by facet, in the order of facet and key; limit 0 means all.
func (s documents) named(ctx context.Context, doing, prefix string, limit int) ([]string, error) {
	from, to := prefixRange(prefix)
	members, err := s.rdb.ZRangeByLex(ctx, s.index, &redis.ZRangeBy{Min: from, Max: to, Count: int64(limit)}).Result()
	if err != nil {
		return nil, fault(doing, err)
	}
	for i, m := range members {
		_, members[i], _ = strings.Cut(m, "\n")
	}
	return members, nil
}

const documentPage = 500 // documents of one command

// read reads the documents of those keys that exist, and gives each to use in the order of the keys.
func (s documents) read(ctx context.Context, doing string, keys []string, use func(key, text string) error) error {
	for len(keys) > 0 {
		page := keys[:min(len(keys), documentPage)]
		keys = keys[len(page):]
		got, err := s.rdb.HMGet(ctx, s.hash, page...).Result()
		if err != nil {
			return fault(doing, err)
		}
		for i, value := range got {
			doc, ok := value.(string)
			if !ok {
				continue
			}
			text := documentText(doc)
			if err := use(page[i], text); err != nil {
				return fmt.Errorf("%s: %s: %w", doing, page[i], err)
			}
		}
	}
	return nil
}
