package store

// ACLRules returns what an ACL user of Redis or Valkey has to be allowed for the bot of an environment, as ACL SETUSER and
// the option "user" take it: its own keys, scripts, and looking at the settings that CheckServer checks.
func ACLRules(env string) []string {
	return []string{
		"resetkeys", "~" + newKeys(env).prefix + "*", "resetchannels", "-@all", "+@read", "+@write", "+@scripting", "+@connection", "+@blocking",
		"-@dangerous", "+multi", "+exec", "+time", "+wait", "+info", "+config|get",
	}
}
