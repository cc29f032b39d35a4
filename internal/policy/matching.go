package policy

import "slices"

// matching is who could sit on which side. Counting approvals is seating people: everybody has one seat, on a side that
// they belong to, and as many are seated as can be (a maximum bipartite matching). So neither the order of approvals
// nor the order of sides matters, and one approval more never seats fewer.
type matching struct {
	sides   []side
	several bool // one person may sit on every side that they belong to
}

type side struct {
	count   int
	members []string
}

// missing returns by side how many seats stay empty when those who said yes are seated. Nil: none.
func (c matching) missing(said []string) map[int]int {
	lacking := map[int]int{}
	for i, left := range c.assign(said).free() {
		if left > 0 {
			lacking[i] = left
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	return lacking
}

// candidates is each member of any side, once.
func (c matching) candidates() []string {
	var all []string
	for _, s := range c.sides {
		for _, u := range s.members {
			if !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	}
	return all
}

// couldFill returns who else, by saying yes, would fill a seat of that side: its members, and those for whom somebody
// who said yes already would move over.
func (c matching) couldFill(said []string, side int) []string {
	var who []string
	t := c.assign(said)
	for _, u := range c.candidates() {
		if slices.Contains(said, u) {
			continue
		}
		if c.several && slices.Contains(c.sides[side].members, u) || !c.several && t.reaches(u, side, map[int]bool{}) {
			who = append(who, u)
		}
	}
	return who
}

// assignment is who sits where.
type assignment struct {
	matching
	at [][]string // by side
}

// assign places as many as can be, each at most once.
func (c matching) assign(said []string) *assignment {
	t := &assignment{matching: c, at: make([][]string, len(c.sides))}
	for i, u := range said {
		if slices.Index(said, u) == i {
			t.place(u)
		}
	}
	return t
}

func (t *assignment) free() []int {
	free := make([]int, len(t.sides))
	for i, s := range t.sides {
		free[i] = s.count - len(t.at[i])
	}
	return free
}

func (t *assignment) place(user string) bool {
	if !t.several {
		return t.move(user, map[int]bool{})
	}
	placed := false
	for i, s := range t.sides {
		if slices.Contains(s.members, user) && len(t.at[i]) < s.count {
			t.at[i] = append(t.at[i], user)
			placed = true
		}
	}
	return placed
}

// move seats user, asking others to move over where that makes room. tried are the sides that were looked at.
func (t *assignment) move(user string, tried map[int]bool) bool {
	for i, s := range t.sides {
		if tried[i] || !slices.Contains(s.members, user) {
			continue
		}
		tried[i] = true
		if len(t.at[i]) < s.count {
			t.at[i] = append(t.at[i], user)
			return true
		}
		for n, other := range t.at[i] {
			if t.move(other, tried) {
				t.at[i][n] = user
				return true
			}
		}
	}
	return false
}

// reaches reports whether seating user could take a free seat of the side, by any chain of moves.
func (t *assignment) reaches(user string, side int, tried map[int]bool) bool {
	for i, s := range t.sides {
		if tried[i] || !slices.Contains(s.members, user) {
			continue
		}
		tried[i] = true
		if i == side && len(t.at[i]) < s.count {
			return true
		}
		for _, other := range t.at[i] {
			if t.reaches(other, side, tried) {
				return true
			}
		}
	}
	return false
}
