package store

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

//go:embed lua/lib.lua
var lib string

//go:embed lua/create.lua
var createSource string

//go:embed lua/read.lua
var readSource string

//go:embed lua/move.lua
var moveSource string

//go:embed lua/peek.lua
var peekSource string

//go:embed lua/claim.lua
var claimSource string

//go:embed lua/extend.lua
var extendSource string

//go:embed lua/record.lua
var recordSource string

//go:embed lua/release.lua
var releaseSource string

//go:embed lua/tell.lua
var tellSource string

//go:embed lua/announced.lua
var announcedSource string

//go:embed lua/note.lua
var noteSource string

//go:embed lua/opened.lua
var openedSource string

//go:embed lua/stale.lua
var staleSource string

//go:embed lua/due.lua
var dueSource string

//go:embed lua/drawn.lua
var drawnSource string

//go:embed lua/follow.lua
var followSource string

//go:embed lua/claim_checks.lua
var claimChecksSource string

//go:embed lua/finish_check.lua
var finishCheckSource string

//go:embed lua/end_lease.lua
var endLeaseSource string

// The scripts. Each documents its keys, arguments and answers.
var (
	createScript    = redis.NewScript(lib + createSource)
	readScript      = redis.NewScript(lib + readSource)
	moveScript      = redis.NewScript(lib + moveSource)
	peekScript      = redis.NewScript(lib + peekSource)
	claimScript     = redis.NewScript(lib + claimSource)
	extendScript    = redis.NewScript(lib + extendSource)
	recordScript    = redis.NewScript(lib + recordSource)
	releaseScript   = redis.NewScript(lib + releaseSource)
	tellScript      = redis.NewScript(lib + tellSource)
	announcedScript = redis.NewScript(lib + announcedSource)
	noteScript      = redis.NewScript(lib + noteSource)
	openedScript    = redis.NewScript(lib + openedSource)
	staleScript     = redis.NewScript(lib + staleSource)
	dueScript       = redis.NewScript(lib + dueSource)
	drawnScript     = redis.NewScript(lib + drawnSource)
	followScript    = redis.NewScript(lib + followSource)

	claimChecksScript = redis.NewScript(lib + claimChecksSource)
	finishCheckScript = redis.NewScript(lib + finishCheckSource)
	endLeaseScript    = redis.NewScript(lib + endLeaseSource)
)

// scriptNames are the names of the scripts by their hash, which is all that a command to Redis says.
var scriptNames = map[string]string{
	createScript.Hash(): "create", readScript.Hash(): "read", moveScript.Hash(): "move", peekScript.Hash(): "peek",
	claimScript.Hash(): "claim", extendScript.Hash(): "extend", recordScript.Hash(): "record",
	releaseScript.Hash(): "release", tellScript.Hash(): "tell", announcedScript.Hash(): "announced",
	noteScript.Hash(): "note", openedScript.Hash(): "opened", staleScript.Hash(): "stale", dueScript.Hash(): "due",
	drawnScript.Hash(): "drawn", followScript.Hash(): "follow",
	claimChecksScript.Hash(): "claim_checks", finishCheckScript.Hash(): "finish_check", endLeaseScript.Hash(): "end_lease",
}

// answer is what a script says: a word, and after some words a value.
type answer struct {
	word, value string
	more        string // a second value
}

// words are the answers that are errors to every caller.
var words = map[string]error{
	"missing":  change.ErrNotFound,
	"newer":    change.ErrNewer,
	"conflict": change.ErrConflict,
	"fenced":   change.ErrFenced,
}

// eval runs a script: by its hash, and in full where Redis does not know it, as after a restart.
func (s *Store) eval(ctx context.Context, doing string, script *redis.Script, keys []string, args ...any) (answer, error) {
	got, err := script.Run(ctx, s.rdb, keys, args...).StringSlice()
	if err != nil {
		return answer{}, fault(doing, err)
	}
	return said(doing, got)
}

// said reads a script's answer.
func said(doing string, got []string) (answer, error) {
	if len(got) == 0 {
		return answer{}, fmt.Errorf("%s: the script gave no answer", doing)
	}
	if err, ok := words[got[0]]; ok {
		return answer{}, fmt.Errorf("%s: %w", doing, err)
	}
	a := answer{word: got[0]}
	if len(got) > 1 {
		a.value = got[1]
	}
	if len(got) > 2 {
		a.more = got[2]
	}
	return a, nil
}

// strange is for an answer that the caller has no meaning for.
func (a answer) strange(doing string) error {
	return fmt.Errorf("%s: the script answered %q", doing, a.word)
}
