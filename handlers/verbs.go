package handlers

// Verbs returns what can be typed behind the command, in the order of help.
func Verbs() []string {
	var all []string
	for _, w := range words() {
		all = append(all, w.verb)
	}
	return all
}
