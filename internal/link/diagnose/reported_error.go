package diagnose

import (
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// WithReportedError adds an error that somebody has seen, such as a search's. The checks ask as the bot's user, and what another
// user may not do they can't see. A cause that they found themselves comes first all the same.
func WithReportedError(x *HealthReport, text string) {
	const name = "The error you reported"
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || x.Diagnosis != nil {
		return
	}
	d := Explain(text, x.symptoms())
	switch d.Cause { //nolint:exhaustive // the others are of the connection, which works now
	case link.CauseNoPrivileges, link.CauseNotAllowed:
		f := x.fail(name, d.Cause, text)
		f.diagnosis = &d
		f = privileged(x, f)
		x.Checks = append(x.Checks, Check{Name: name, Say: text})
		x.Diagnosis, x.Evidence, x.Hint, x.Fix, x.FixWhy = f.diagnosis, text, nil, f.fix, f.why
	case link.CauseUnknown:
		x.Checks = append(x.Checks, Check{Name: name, OK: true, Hint: true, Say: "the bot doesn't know it: " + text})
	default:
		x.Checks = append(x.Checks, Check{Name: name, OK: true, Hint: true, Say: "it meant: " + d.Say + " That is not the case now."})
	}
}

// privileged names the roles that a user without rights could be given, where there are some.
func privileged(x *HealthReport, f *finding) *finding {
	roles := x.Readers.Named
	if len(x.Searched()) == 0 {
		roles = x.Roles
	}
	if f.diagnosis.Cause == link.CauseNoPrivileges && len(roles) > 0 {
		f.diagnosis.Fix = "Assign that user one of the roles that may search it: " + link.JoinWords(roles) + "."
	}
	return f
}
