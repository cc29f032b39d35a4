package change

import "time"

// Check is a turn at checking what a record describes. A store hands it to one replica at a time.
type Check struct {
	Key    string        // of the record
	Queue  string        // that it was claimed from
	Token  string        // proves the claim; a record that changes voids it
	At     time.Time     // when it was claimed, by the clock that all replicas share
	Record *StoredRecord // nil: the record was deleted since the last check
	Status string        // what the last check left; empty: there was none, or it left nothing
}

// CheckResult is what a check leaves.
type CheckResult struct {
	Keep   bool          // what the last check left stays: nothing could be found out
	Status string        // opaque here; empty deletes it
	Facets []string      // what the status can be found and counted by
	Next   time.Duration // until the next check; 0: there is none
	News   bool          // readers of statuses should look again: see StatusRevision of the store
}

// RecordIndex is what a store files a record under.
type RecordIndex struct {
	Queue  string   // of its checks; empty: it is not checked
	Facets []string // what it can be found by
	Aside  bool     // it stands beside those that are listed, counted and checked: only its key finds it
}

// OutboxEvent says that something which people are paged for has begun, still lasts, or is over.
type OutboxEvent struct {
	ID    string // the same for each attempt to deliver it
	Alert string // as it was given; opaque here
	Over  bool
	At    time.Time
}
