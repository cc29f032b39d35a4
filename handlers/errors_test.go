package handlers

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"

	"github.com/slack-go/slack"

	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// leavesOut submits the modal as a client does that sends no empty inputs, and returns the errors by field.
func (d *desk) leavesOut(submit bot.SubmissionHandler) map[string]string {
	d.t.Helper()
	v := d.slack.View(theModal)
	maps.DeleteFunc(v.State, func(_ string, actions []bot.Value) bool {
		for _, a := range actions {
			return a.Text == "" && a.Option.Value == "" && len(a.Options) == 0
		}
		return true
	})
	res, ok := d.finish(submit(d.t.Context(), bot.Submission{View: v, User: asker})).(*slack.ViewSubmissionResponse)
	if !ok {
		d.t.Fatal("it was taken")
	}
	errs := map[string]string{}
	for block, say := range res.Errors {
		field, _, _ := strings.Cut(block, ":")
		errs[field] = say
	}
	return errs
}

func TestErrorsShowBesideInputsThatAClientLeavesOut(t *testing.T) {
	d := newDesk(t)
	d.filledIn()
	d.fills(link.FieldSearch, "")
	d.fills(link.FieldAlias, "")
	errs := d.leavesOut(d.connect.connectSubmitted)
	if errs[link.FieldSearch] == "" || errs[link.FieldAlias] == "" || errs[link.FieldReason] != "" {
		t.Errorf("errors %v", errs)
	}

	d = newDesk(t)
	d.connected()
	d.types("update search-eu")
	d.fills(link.FieldSearch, "")
	d.fills(link.FieldAddress, "")
	d.fills(link.FieldReason, "audit")
	errs = d.leavesOut(d.changes.formSubmitted)
	if errs[link.FieldSearch] == "" || errs[link.FieldAddress] == "" || errs[forms.FieldConnection] != "" {
		t.Errorf("errors %v", errs)
	}
}

func TestALateOrderIsToldBesideAFieldThatTheFormShows(t *testing.T) {
	for _, f := range forms.Changes() {
		verb := f.Verb
		d := newDesk(t)
		d.connected()
		d.types(verb + " search-eu")
		v := d.slack.Modals[theModal].View
		late, ok := formLate(bot.Submission{View: bot.View{Metadata: v.PrivateMetadata}}).Body.(*slack.ViewSubmissionResponse)
		if !ok || len(late.Errors) != 1 {
			t.Fatalf("%s: %+v", verb, late)
		}
		for block := range late.Errors {
			if !slices.Contains(forms.InputBlocks(v), block) {
				t.Errorf("%s: %s is not in the form", verb, block)
			}
		}
	}
}
