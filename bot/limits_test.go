package bot

import (
	"errors"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, false)
}

func section(s string) slack.Block { return slack.NewSectionBlock(mrkdwn(s), nil, nil) }

func modal(blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText("Connect"), Submit: plainText("Ask"), Close: plainText("Cancel"),
		CallbackID: "connect", Blocks: slack.Blocks{BlockSet: blocks},
	}
}

func input(id string, element slack.BlockElement) *slack.InputBlock {
	return slack.NewInputBlock(id, plainText("Label"), nil, element)
}

func options(n int) []*slack.OptionBlockObject {
	var list []*slack.OptionBlockObject
	for range n {
		list = append(list, slack.NewOptionBlockObject("v", plainText("t"), nil))
	}
	return list
}

func repeat(n int, b slack.Block) []slack.Block {
	var list []slack.Block
	for range n {
		list = append(list, b)
	}
	return list
}

func button(action, value, text string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(action, value, plainText(text))
}

func typed(action string) *slack.PlainTextInputBlockElement {
	return slack.NewPlainTextInputBlockElement(nil, action)
}

func TestWhatFitsPasses(t *testing.T) {
	full := []slack.Block{
		slack.NewHeaderBlock(plainText(strings.Repeat("h", 150))),
		section(strings.Repeat("日", 3000)),
		slack.NewDividerBlock(),
		slack.NewContextBlock("", mrkdwn("small")),
		slack.NewActionBlock("a", button("approve", "r1:3", "Approve"), button("reject", "r1:3", "Reject")),
	}
	if err := CheckMessage(Message{Text: strings.Repeat("x", 4000), Blocks: full}); err != nil {
		t.Error(err)
	}
	if err := CheckMessage(Message{Text: "only text"}); err != nil {
		t.Error(err)
	}
	selects := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("choose"), "c", options(100)...)
	external := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plainText("choose"), "d")
	if err := CheckModal(modal(input("a", typed("a")), input("b", selects), input("c", external))); err != nil {
		t.Error(err)
	}
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: full}}
	if err := CheckHome(home); err != nil {
		t.Error(err)
	}
}

func TestWhatSlackWouldRefuseIsNamed(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	message := func(blocks ...slack.Block) func() error {
		return func() error { return CheckMessage(Message{Text: "t", Blocks: blocks}) }
	}
	view := func(blocks ...slack.Block) func() error { return func() error { return CheckModal(modal(blocks...)) } }
	changed := func(change func(*slack.ModalViewRequest)) func() error {
		return func() error {
			v := modal(input("a", typed("a")))
			change(&v)
			return CheckModal(v)
		}
	}
	cases := map[string]struct {
		check func() error
		want  string
	}{
		"no text":           {func() error { return CheckMessage(Message{Blocks: repeat(1, section("x"))}) }, "text is empty"},
		"long text":         {func() error { return CheckMessage(Message{Text: long(4001)}) }, "text has 4001 of at most 4000"},
		"51 blocks":         {message(repeat(51, slack.NewDividerBlock())...), "blocks has 51"},
		"long section":      {message(section(long(3001))), "has 3001 of at most 3000"},
		"empty section":     {message(slack.NewSectionBlock(nil, nil, nil)), "neither text nor fields"},
		"empty words":       {message(section("")), "is empty"},
		"long header":       {message(slack.NewHeaderBlock(plainText(long(151)))), "has 151 of at most 150"},
		"mrkdwn header":     {message(slack.NewHeaderBlock(mrkdwn("x"))), "wrong type of text"},
		"26 buttons":        {message(manyButtons(26)), "has 26 entries"},
		"same action twice": {message(slack.NewActionBlock("a", button("x", "1", "a"), button("x", "2", "b"))), "action_id"},
		"same block_id": {
			message(slack.NewActionBlock("a", button("x", "", "a")), slack.NewActionBlock("a", button("x", "", "a"))),
			"block_id",
		},
		"long button":       {message(slack.NewActionBlock("", button("x", "", long(76)))), "has 76 of at most 75"},
		"long value":        {message(slack.NewActionBlock("", button("x", long(2001), "a"))), "2001 of at most 2000"},
		"11 in context":     {message(context11()), "has 11 entries"},
		"markdown in modal": {view(slack.NewMarkdownBlock("", "x")), "cannot be in a modal"},
		"101 blocks":        {view(repeat(101, slack.NewDividerBlock())...), "has 101 entries"},
		"no blocks":         {view(), "has 0 entries"},
		"101 options": {
			view(input("a", slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "c", options(101)...))),
			"has 101 entries",
		},
		"no options": {view(input("a", slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "c"))), "has 0 entries"},
		"11 boxes":   {view(input("a", slack.NewCheckboxGroupsBlockElement("c", options(11)...))), "has 11 entries"},
		"long title": {changed(func(v *slack.ModalViewRequest) { v.Title = plainText(long(25)) }), "title has 25"},
		"no title":   {changed(func(v *slack.ModalViewRequest) { v.Title = nil }), "title is missing"},
		"no submit":  {changed(func(v *slack.ModalViewRequest) { v.Submit = nil }), "submit is missing"},
		"metadata":   {changed(func(v *slack.ModalViewRequest) { v.PrivateMetadata = long(3001) }), "private_metadata has 3001"},
		"callback":   {changed(func(v *slack.ModalViewRequest) { v.CallbackID = long(256) }), "callback_id has 256"},
		"wrong type": {changed(func(v *slack.ModalViewRequest) { v.Type = slack.VTHomeTab }), "type is not modal"},
		"250 kB":     {view(repeat(90, section(long(3000)))...), "bytes"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := c.check()
			limits, ok := errors.AsType[*LimitsError](err)
			if !ok || len(limits.Problems) == 0 {
				t.Fatalf("passes: %v", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not say %q", err, c.want)
			}
		})
	}
}

func manyButtons(n int) slack.Block {
	b := slack.NewActionBlock("")
	for i := range n {
		b.Elements.ElementSet = append(b.Elements.ElementSet, button("x"+strings.Repeat("y", i), "", "a"))
	}
	return b
}

func context11() slack.Block {
	b := slack.NewContextBlock("")
	for range 11 {
		b.ContextElements.Elements = append(b.ContextElements.Elements, mrkdwn("x"))
	}
	return b
}
