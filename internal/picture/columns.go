package picture

import "slices"

// columnsOf gives each node a column: one more than the last that reads it. An edge that closes a circle does not count.
func columnsOf(nodes int, edges []ends) []int {
	ahead, read, order := unwound(nodes, edges)
	column := make([]int, nodes)
	for _, n := range order {
		for _, to := range ahead[n] {
			column[to] = max(column[to], column[n]+1)
		}
	}
	for n := range nodes { // those that nobody reads stand beside what they read
		if len(ahead[n]) > 0 && !read[n] {
			column[n] = column[slices.MinFunc(ahead[n], func(a, b int) int { return column[a] - column[b] })] - 1
		}
	}
	return column
}

// unwound are the nodes that each node reads, less the edges that close circles; whether a node is read by another; and
// the nodes in an order in which each comes before those that it reads.
func unwound(nodes int, edges []ends) (ahead [][]int, read []bool, order []int) {
	next := make([][]int, nodes)
	ahead, read = make([][]int, nodes), make([]bool, nodes)
	for _, e := range edges {
		next[e.from] = append(next[e.from], e.to)
		read[e.to] = read[e.to] || e.from != e.to
	}
	const open, done = 1, 2
	state := make([]int, nodes)
	var visit func(int)
	visit = func(n int) {
		state[n] = open
		for _, to := range next[n] {
			if state[to] == 0 {
				visit(to)
			}
			if state[to] == done {
				ahead[n] = append(ahead[n], to)
			}
		}
		state[n] = done
		order = append(order, n)
	}
	for _, inCircle := range []bool{false, true} { // first from those that nobody reads
		for n := range nodes {
			if state[n] == 0 && read[n] == inCircle {
				visit(n)
			}
		}
	}
	slices.Reverse(order)
	return ahead, read, order
}
