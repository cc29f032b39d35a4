package elastic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Access is what a cross-cluster API key may read.
type Access struct {
	Search      []string `json:"search,omitempty"`      // index patterns
	Replication []string `json:"replication,omitempty"` // index patterns
	// Entries is the access as the cluster tells it, where its entries say more than names: limits to documents or fields,
	// for example. It is sent back as it is, so that nothing is lost of what the bot does not know; empty: names say all.
	Entries json.RawMessage `json:"entries,omitempty"`
}

const (
	listSearch      = "search"
	listReplication = "replication"
	entryNames      = "names"
	entryRestricted = "allow_restricted_indices"
)

// Entry is one entry of an access list that says more than names.
type Entry struct {
	Replication bool
	Names       []string
	More        map[string]json.RawMessage // what it says beside its names
}

type rawEntry = map[string]json.RawMessage

// ReadAccess reads what a cluster tells of a key's access.
func ReadAccess(raw json.RawMessage) (Access, error) {
	var a Access
	if len(raw) == 0 {
		return a, nil
	}
	lists, err := accessLists(raw)
	if err != nil {
		return Access{}, err
	}
	for _, list := range []struct {
		name string
		into *[]string
	}{{listSearch, &a.Search}, {listReplication, &a.Replication}} {
		entries, err := readEntries(lists[list.name])
		if err != nil {
			return Access{}, err
		}
		for _, e := range entries {
			names, err := namesOf(e)
			if err != nil {
				return Access{}, err
			}
			*list.into = append(*list.into, names...)
		}
	}
	if a.Entries, err = canonical(raw); err != nil {
		return Access{}, err
	}
	if len(a.Limited()) == 0 {
		a.Entries = nil
	}
	return a, nil
}

// Limited returns the entries that say more than names. A list that the bot does not know counts as one.
func (a Access) Limited() []Entry {
	lists, err := accessLists(a.Entries)
	if err != nil {
		return nil
	}
	var limited []Entry
	for _, name := range []string{listSearch, listReplication} {
		entries, _ := readEntries(lists[name]) // it has been read before
		for _, e := range entries {
			names, _ := namesOf(e) // likewise
			more := rawEntry{}
			for field, v := range e {
				if field != entryNames && (field != entryRestricted || string(v) != "false") {
					more[field] = v
				}
			}
			if len(more) > 0 {
				limited = append(limited, Entry{Replication: name == listReplication, Names: names, More: more})
			}
		}
	}
	for name, v := range lists {
		if name != listSearch && name != listReplication {
			limited = append(limited, Entry{More: rawEntry{name: v}})
		}
	}
	return limited
}

// Restricted reports whether an entry includes restricted indices, those of Elasticsearch itself.
func (a Access) Restricted() bool {
	return slices.ContainsFunc(a.Limited(), func(e Entry) bool { return e.More[entryRestricted] != nil })
}

// Keeping is a under the limits of was: its names in was's entries. The error says what can't be kept so.
func (a Access) Keeping(was Access) (Access, error) {
	a.Entries = nil
	if len(was.Entries) == 0 {
		return a, nil
	}
	lists, err := accessLists(was.Entries)
	if err != nil {
		return a, err
	}
	for _, list := range []struct {
		name        string
		had, wanted []string
	}{{listSearch, was.Search, a.Search}, {listReplication, was.Replication, a.Replication}} {
		if sameNames(list.had, list.wanted) {
			continue
		}
		if len(list.wanted) == 0 {
			delete(lists, list.name)
			continue
		}
		entries, err := readEntries(lists[list.name])
		switch {
		case err != nil:
			return a, err
		case len(entries) == 0:
			return a, fmt.Errorf("the key is limited by more than index names, and these limits can't be applied to %s", list.name)
		case len(entries) > 1:
			return a, fmt.Errorf("the key has %d entries for %s with different limits, so it is unclear which of them a new pattern belongs to", len(entries), list.name)
		}
		entries[0][entryNames] = RawJSON(list.wanted)
		lists[list.name] = RawJSON(entries)
	}
	return ReadAccess(RawJSON(lists))
}

func accessLists(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var lists map[string]json.RawMessage
	if len(raw) == 0 {
		return nil, nil
	}
	err := json.Unmarshal(raw, &lists)
	return lists, err
}

func readEntries(raw json.RawMessage) ([]rawEntry, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var entries []rawEntry
	err := json.Unmarshal(raw, &entries)
	return entries, err
}

func namesOf(e rawEntry) ([]string, error) {
	var names []string
	if err := json.Unmarshal(e[entryNames], &names); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("an entry without names")
	}
	return names, nil
}

// canonical is the same JSON with its fields in order, so that it can be compared and hashed.
func canonical(raw json.RawMessage) (json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func sameNames(a, b []string) bool {
	once := func(s []string) []string { return slices.Compact(slices.Sorted(slices.Values(s))) }
	return slices.Equal(once(a), once(b))
}

// Hash is a short fingerprint of what is granted: 64 bits of SHA-256, in hex.
func (a Access) Hash() string {
	sum := sha256.Sum256(RawJSON(a))
	return hex.EncodeToString(sum[:8])
}

// Equal reports whether both grant the same, under the same limits.
func (a Access) Equal(b Access) bool {
	return sameNames(a.Search, b.Search) && sameNames(a.Replication, b.Replication) && bytes.Equal(a.Entries, b.Entries)
}
