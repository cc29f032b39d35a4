package handlers

// Subcommands returns what can be typed behind the command, in the order of help.
func Subcommands() []string {
	var all []string
	for _, w := range subcommands() {
		all = append(all, w.name)
	}
	return all
}
