package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// retired are names that were given up for a term of the field, with the term. Who adds one back has probably not seen
// the other: two words for one thing make a reader look for the difference.
var retired = map[string]string{
	"Teller": "Notifier", "errand": "workItem", "Telling": "Render", "ClaimTelling": "ClaimRender", "Lagging": "Unannounced",
	"HomeKeeper": "HomeRefresher", "StaleTabs": "HomeQueue", "TabsStale": "MarkHomesDirty", "TabDrawn": "HomeRendered",
	"Notebook": "MonitorStore", "Watcher": "Monitor", "Sighting": "Status", "Standing": "StatusSummary", "lookNote": "statusRecord",
	"Asker": "Requests", "Decider": "Requests", "Rulebook": "PolicyDescriber", "Weigher": "Policy",
	"Shelf": "SealedStore", "Shelve": "PutSealed", "Unshelve": "DeleteSealed",
	"orderMemory": "formMetadata", "connectMemory": "connectMetadata", "sorry": "replyError", "homeward": "withHomeRefresh",
	"standingLine": "statusLine", "SaidYes": "DecisionApprove",
	"SaidNo": "DecisionReject", "TookBack": "DecisionRevoke", "RanOut": "DecisionExpire", "SaidClean": "DecisionResolve",
	"WentStale": "DecisionDrift", "CalledIn": "DecisionInputRequested", "Wants": "RequiredInput", "WantsKey": "InputKey",
	"WantsAuthority": "InputAuthority", "HandIn": "SubmitInput", "MayHandIn": "CanSubmitInput", "HandedIn": "InputSubmitted",
	"CallIn": "RequestInput", "Awaits": "NeedsInput", "Lapse": "InputExpired", "Admit": "Authorize",
	"errSaid": "errAlreadyDecided", "HeldError": "LockedError", "Memo": "Record", "Memos": "Records", "Patient": "StepTimeout",
	"GiveUp": "UndoFailed", "errForeign": "errNewerVersion", "underway": "callInFlight", "Roster": "Connections",
	"Survey": "PairState", "FreshSurvey": "ReadPairFresh", "Existing": "ConnectionState", "Examination": "HealthReport",
	"Heard": "WithReportedError", "Mended": "FixParams", "asTold": "matchesPlatform",
	"Connector": "ConnectPlanner", "Rotator": "RotatePlanner", "Updater": "UpdatePlanner", "Disconnector": "DisconnectPlanner",
	"Adopter": "AdoptPlanner", "Migrator": "MigratePlanner", "leavings": "cleanup", "Unfit": "WhyNot", "regrant": "update_key_access",
	"Signs": "SupportsIdentity", "Admits": "FilterSources", "LocalAs": "LocalName", "RemoteAs": "RemoteName", "FirstSeen": "FirstRequest",
	"orNone": "cmp.Or", "orNothing": "cmp.Or", "orUnseen": "cmp.Or", "orNoFiles": "cmp.Or", "orDash": "cmp.Or",
	"Fence": "DeadlineTransport", "NewFence": "NewDeadlineTransport", "escrow": "keyvault",
}

// retiredActions are names of steps that journals must not meet again.
var retiredActions = map[string]bool{
	"disbelieve": true, "empty": true, "grant": true, "regrant": true, "exchange": true, "retire": true, "point": true,
	"adjust": true, "untrust": true, "unrole": true, "unfilter": true, "authorities": true,
}

func TestNamesThatWereRetiredStayAway(t *testing.T) {
	t.Parallel()
	seen := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && (d.Name() == "node_modules" || d.Name() == "out") {
				return filepath.SkipDir
			}
			return err
		}
		base := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), "_test")
		switch filepath.Ext(path) {
		case ".go":
			seen++
			checkNames(t, path)
		case ".lua":
			if !strings.Contains(base, "_") && base != "lib" && retired[base] != "" {
				t.Errorf("%s: a script is called by a verb and a noun", path)
			}
		}
		return nil
	})
	if err != nil || seen < 300 {
		t.Errorf("looked at %d files: %v", seen, err)
	}
}

// checkNames looks at what a file declares for others to use: its package, types, functions, methods, fields, constants.
func checkNames(t *testing.T, path string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return
	}
	check := func(id *ast.Ident) {
		if term := retired[id.Name]; term != "" {
			t.Errorf("%s declares %s: say %s", path, id.Name, term)
		}
	}
	check(f.Name)
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			check(d.Name)
		case *ast.GenDecl:
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeSpec:
					check(n.Name)
				case *ast.Field:
					for _, id := range n.Names {
						check(id)
					}
				case *ast.ValueSpec:
					checkAction(t, path, n)
					for _, id := range n.Names {
						check(id)
					}
				}
				return true
			})
		}
	}
}

// checkAction looks at the values of constants that name steps.
func checkAction(t *testing.T, path string, s *ast.ValueSpec) {
	t.Helper()
	for i, v := range s.Values {
		lit, ok := v.(*ast.BasicLit)
		if ok && strings.HasPrefix(s.Names[i].Name, "Step") && retiredActions[strings.Trim(lit.Value, `"`)] {
			t.Errorf("%s: %s is %s, a name that was retired", path, s.Names[i].Name, lit.Value)
		}
	}
}
