package handlers

import (
	"fmt"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/monitor"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/mrkdwn"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/diagnose"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
)

// listHead counts what there is. Where nobody answered, nobody knows how many there are.
func listHead(l inventory.Listing, statuses map[link.Name]monitor.Status, text string) string {
	mine, in := 0, map[diagnose.State]int{}
	for _, c := range l.Connections {
		in[knownOf(c, statuses[c.Name()]).State()]++
		if c.Managed != nil {
			mine++
		}
	}
	warning := ""
	if l.Unmanaged != nil {
		warning = ":warning: Couldn't read which connections the bot manages, nor when they were checked. Redis may be unavailable.\n"
	}
	fit := ""
	if strings.TrimSpace(text) != "" {
		fit = " that fit “" + mrkdwn.Line(text, 60) + "”"
	}
	answered := l.Asked - len(l.Missing)
	if answered == 0 && len(l.Missing)+len(l.Down) > 0 {
		s := warning + "*No local cluster" + strings.Replace(fit, "that fit ", "that fits ", 1) + " has answered*"
		if mine > 0 {
			s += ": " + mrkdwn.Plural(mine, "connection", "connections") + " managed by the bot; those created by hand are unknown"
		}
		return s
	}
	up := in[diagnose.StateWorking] + in[diagnose.StateDegraded] + in[diagnose.StateExpiring] + in[diagnose.StateDrifted] +
		in[diagnose.StateOverdue] + in[diagnose.StateEnding] + in[diagnose.StateUnreviewed]
	var s strings.Builder
	fmt.Fprintf(&s, "%s*%s* of %s%s: %d connected", warning, mrkdwn.Plural(len(l.Connections), "remote connection", "remote connections"),
		mrkdwn.Plural(answered, "local cluster", "local clusters"), fit, up)
	for _, other := range []struct {
		state diagnose.State
		words string
	}{
		{diagnose.StateDown, "not working"},
		{diagnose.StateRemoved, "removed by hand"},
		{diagnose.StateUnchecked, "not checked"},
		{diagnose.StateNoAnswer, "without an answer"},
	} {
		if n := in[other.state]; n > 0 {
			fmt.Fprintf(&s, ", %d %s", n, other.words)
		}
	}
	if l.Unmanaged == nil {
		fmt.Fprintf(&s, "; %d managed by the bot", mine)
	}
	return s.String()
}

// listMissing says what the list lacks.
func listMissing(l inventory.Listing) string {
	var out []string
	for _, d := range l.Down {
		out = append(out, mrkdwn.Line(d.System, 60)+": "+mrkdwn.Line(d.Why, 200))
	}
	var whys []string
	by := map[string][]string{}
	for _, m := range l.Missing {
		if by[m.Why] == nil {
			whys = append(whys, m.Why)
		}
		by[m.Why] = append(by[m.Why], m.Local.Name)
	}
	for _, why := range whys {
		names := make([]string, 0, 4)
		for i, name := range by[why] {
			if i == 3 {
				names = append(names, fmt.Sprintf("%d more", len(by[why])-i))
				break
			}
			names = append(names, mrkdwn.Line(name, 60))
		}
		out = append(out, "no answer yet from "+strings.Join(names, ", ")+" ("+mrkdwn.Line(why, 150)+")")
	}
	if len(out) == 0 {
		return ""
	}
	return ":warning: Incomplete: " + mrkdwn.Within("; ", 1500, out...) + ". *Refresh* in a moment."
}
