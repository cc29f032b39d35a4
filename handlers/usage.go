package handlers

// Usage is a word behind the slash command, for those who list them elsewhere than in Slack.
type Usage struct {
	Name string // "connect"
	Args string // "[local] to [remote] as [alias]"
	Does string // what it does, in a sentence without a capital
}

// Usages are all words, in the order in which help shows them.
func Usages() []Usage {
	var out []Usage
	for _, w := range subcommands() {
		out = append(out, Usage{Name: w.name, Args: w.args, Does: w.does})
	}
	return out
}
