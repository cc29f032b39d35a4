package bot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func golden(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func interactionFrom(tb testing.TB, name string) *interactionPayload {
	tb.Helper()
	p, err := decodeInteraction(golden(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestPressedButtonIsReadFromAPublishedPayload(t *testing.T) {
	p := interactionFrom(t, "block_actions.json")
	want := Action{
		ID: "WaXA", Block: "=qXel", Value: Value{Type: "button", Text: "click_me_123"},
		User:    User{ID: "UA8RXUSPL", Name: "jtorrance", Team: "T9TK3CUKW"},
		Channel: "CBR2V3XEX", Message: "1548261231.000200", Thread: "1548261000.000100",
		TriggerID:   "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
		ResponseURL: "https://hooks.slack.com/actions/AABA1ABCD/1232321423432/D09sSasdasdAS9091209",
	}
	if diff := cmp.Diff(want, p.action(&p.Actions[0])); diff != "" {
		t.Error(diff)
	}
}

func TestEveryElementHasItsValue(t *testing.T) {
	p := interactionFrom(t, "view_submission.json")
	one, two := Option{Value: "1", Text: "One"}, Option{Value: "2", Text: "Two"}
	want := &View{
		ID: "VNHU13V36", RootID: "VNHU13V36", Hash: "156663117.cd33ad1f",
		CallbackID: "modal-with-inputs", Metadata: "shhh-its-secret",
		State: State{
			"edit-task-title": {{Action: "title", Type: "plain_text_input", Text: "This is my example inputted value"}},
			"all": {
				{Action: "empty", Type: "plain_text_input"},
				{Action: "url", Type: "url_text_input", Text: "https://example.com"},
				{Action: "email", Type: "email_text_input", Text: "a@example.com"},
				{Action: "number", Type: "number_input", Text: "12.5"},
				{Action: "date", Type: "datepicker", Text: "2026-11-23"},
				{Action: "no_date", Type: "datepicker"},
				{Action: "time", Type: "timepicker", Text: "11:40"},
				{Action: "datetime", Type: "datetimepicker", Text: "1628633820"},
				{Action: "user", Type: "users_select", Text: "U1"},
				{Action: "conversation", Type: "conversations_select", Text: "C1"},
				{Action: "channel", Type: "channels_select", Text: "C2"},
				{Action: "users", Type: "multi_users_select", Selected: []string{"U1", "U2"}},
				{Action: "conversations", Type: "multi_conversations_select", Selected: []string{"C1"}},
				{Action: "channels", Type: "multi_channels_select", Selected: []string{"C2", "C3"}},
				{Action: "option", Type: "external_select", Option: one},
				{Action: "no_option", Type: "static_select"},
				{Action: "options", Type: "multi_static_select", Options: []Option{one, two}},
				{Action: "boxes", Type: "checkboxes"},
				{Action: "radio", Type: "radio_buttons", Option: Option{Value: "2", Text: "*Two*"}},
				{Action: "rich", Type: "rich_text_input"},
				{Action: "files", Type: "file_input"},
				{Action: "future", Type: "something_new"},
			},
		},
	}
	byAction := cmpopts.SortSlices(func(a, b Value) bool { return a.Action < b.Action })
	if diff := cmp.Diff(want, p.View.view(), byAction); diff != "" {
		t.Error(diff)
	}
	if got := p.lastInput(); got != "edit-rest" {
		t.Errorf("an error about the form would be shown under %q", got)
	}
}

func TestMessageShortcutKnowsItsMessage(t *testing.T) {
	want := Shortcut{
		ID: "chirp_message", User: User{ID: "U0D15K92L", Name: "dr_maomao", Team: "T0MJRM1A7"},
		TriggerID: "13345224609.8534564800.6f8ab1f53e13d0cd15f96106292d5536",
		Channel:   "D0LFFBKLZ", Message: "1516229207.000133",
	}
	if diff := cmp.Diff(want, interactionFrom(t, "message_action.json").shortcut()); diff != "" {
		t.Error(diff)
	}
}

func TestTheWorkspaceOfAnInteraction(t *testing.T) {
	for name, tt := range map[string]struct {
		payload         string // of it, only what tells the workspace
		happened, users string
	}{
		"a user of the organization":      {`{"team":{"id":"T1","enterprise_id":"E1"},"user":{"id":"U1","team_id":"E1"}}`, "T1", "T1"},
		"installed for the organization":  {`{"team":null,"enterprise":{"id":"E1"},"user":{"id":"U1","team_id":"E1"},"view":{"team_id":"T1","app_installed_team_id":"E1"}}`, "T1", "T1"},
		"its view is the organization's":  {`{"team":null,"enterprise":{"id":"E1"},"user":{"id":"U1","team_id":"E1"},"view":{"team_id":"E1","app_installed_team_id":"T1"}}`, "T1", "T1"},
		"outside a view":                  {`{"team":null,"enterprise":{"id":"E1"},"user":{"id":"U1","team_id":"T1"}}`, "T1", "T1"},
		"nothing but the organization":    {`{"team":null,"enterprise":{"id":"E1"},"user":{"id":"U1","team_id":"E1"}}`, "E1", "E1"},
		"no organization":                 {`{"team":{"id":"T1"},"enterprise":null,"user":{"id":"U1","team_id":"T1"}}`, "T1", "T1"},
		"a guest of another workspace":    {`{"team":{"id":"T1"},"user":{"id":"U1","team_id":"T2"}}`, "T1", "T2"},
		"a guest in an organization":      {`{"team":null,"enterprise":{"id":"E1"},"user":{"id":"U1","team_id":"T2"},"view":{"team_id":"T1"}}`, "T1", "T2"},
		"a guest of another organization": {`{"team":null,"enterprise":{"id":"E1"},"user":{"id":"U1","team_id":"E2"},"view":{"team_id":"T1"}}`, "T1", "E2"},
	} {
		p, err := decodeInteraction([]byte(tt.payload))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{tt.happened, tt.users}, []string{p.workspace(), p.user().Team}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
