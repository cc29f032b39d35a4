package handlers

// Usage is a word behind the slash command, for those who list them elsewhere than in Slack.
type Usage struct {
	Verb string // "connect"
	Args string // "[local] to [remote] as [alias]"
	Does string // what it does, in a sentence without a capital
}

// Usages are all words, in the order in which help shows them.
func Usages() []Usage {
	var out []Usage
	for _, w := range words() {
		out = append(out, Usage{Verb: w.verb, Args: w.args, Does: w.does})
	}
	return out
}
