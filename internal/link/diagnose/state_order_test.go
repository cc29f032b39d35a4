package diagnose

import (
	"slices"
	"testing"
)

func TestTheWorstStateComesFirst(t *testing.T) {
	states := []State{StateWorking, StateUnchecked, StateExpiring, StateDown, StateNoAnswer}
	slices.SortFunc(states, Worse)
	if want := []State{StateDown, StateExpiring, StateNoAnswer, StateUnchecked, StateWorking}; !slices.Equal(states, want) {
		t.Errorf("got %v", states)
	}
}
