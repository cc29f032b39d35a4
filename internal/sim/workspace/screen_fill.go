package workspace

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/blockkit"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/workspace/field"
)

var (
	typedKinds = []string{
		"plain_text_input", "email_text_input", "url_text_input", "number_input", "datepicker", "timepicker", "datetimepicker",
	}
	chosenKinds = append([]string{"overflow", "checkboxes", "radio_buttons"}, blockkit.Menus...)
)

// Fill types text into a field that is called name: its label, action_id, block_id, or a beginning of them.
// Dates are YYYY-MM-DD, times HH:mm, date and time Unix seconds. Empty text empties the field.
func (s *Screen) Fill(ctx context.Context, name, text string) (Outcome, error) {
	s.u.w.mu.Lock()
	p, at, err := s.find()
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	b, e, err := at.element(name, typedKinds...)
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	var filled any = text
	if field.Str(e, "type") == "datetimepicker" && text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			s.u.w.mu.Unlock()
			return Outcome{}, fmt.Errorf("%q is not a moment in Unix seconds", text)
		}
		filled = float64(seconds)
	}
	return s.set(ctx, p, at, b, e, filled), nil
}

// Suggest types into a select and returns what it offers, without picking. For an external select the app is
// asked, once min_query_length characters are typed.
func (s *Screen) Suggest(ctx context.Context, name, typed string) (Outcome, error) {
	s.u.w.mu.Lock()
	p, at, err := s.find()
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	b, e, err := at.element(name, chosenKinds...)
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	all, out := s.offer(ctx, p, at, b, e, typed) // releases the lock
	out.Options = choices(all)
	return out, nil
}

// offered is an option that a select shows.
type offered struct {
	option object
	group  string // the label above it
}

func (o offered) choice() Choice {
	return Choice{
		Text: field.Str(field.Obj(o.option, "text"), "text"), Value: field.Str(o.option, "value"),
		Description: field.Str(field.Obj(o.option, "description"), "text"), Group: o.group,
	}
}

func choices(all []offered) []Choice {
	out := make([]Choice, 0, len(all))
	for _, one := range all {
		out = append(out, one.choice())
	}
	return out
}

// Choose types into a select or looks through its options, and picks one by its text or value. Of checkboxes and
// multi-selects it switches that one option. If the select asks for confirmation nothing is chosen or sent yet.
func (s *Screen) Choose(ctx context.Context, name, typed, option string) (Outcome, error) {
	return s.choose(ctx, name, typed, option, false)
}

// ChooseConfirm chooses and says yes to the select's confirmation dialog.
func (s *Screen) ChooseConfirm(ctx context.Context, name, typed, option string) (Outcome, error) {
	return s.choose(ctx, name, typed, option, true)
}

func (s *Screen) choose(ctx context.Context, name, typed, option string, confirmed bool) (Outcome, error) {
	s.u.w.mu.Lock()
	p, at, err := s.find()
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	b, e, err := at.element(name, chosenKinds...)
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	all, out := s.offer(ctx, p, at, b, e, typed) // releases the lock
	out.Options = choices(all)
	if out.Problem != "" {
		return out, nil
	}
	picked, err := pick(all, option)
	if err != nil {
		return out, err
	}
	if c := field.Obj(e, "confirm"); c != nil && !confirmed {
		out.Confirm = confirmOf(c)
		return out, nil
	}
	// The app had time to change the screen while it was asked: look again.
	s.u.w.mu.Lock()
	if p, at, err = s.find(); err == nil {
		b, e, err = at.element(field.Str(e, "action_id"), field.Str(e, "type"))
	}
	if err != nil {
		s.u.w.mu.Unlock()
		return out, fmt.Errorf("the screen changed while choosing: %w", err)
	}
	after := s.set(ctx, p, at, b, e, at.with(b, e, picked))
	after.Options = out.Options
	return after, nil
}

// Clear empties a select.
func (s *Screen) Clear(ctx context.Context, name string) (Outcome, error) {
	s.u.w.mu.Lock()
	p, at, err := s.find()
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	b, e, err := at.element(name, append(slices.Clone(blockkit.Menus), "checkboxes")...)
	if err != nil {
		s.u.w.mu.Unlock()
		return Outcome{}, err
	}
	return s.set(ctx, p, at, b, e, nil), nil
}

// with is the element's value once picked is switched on (or off, where several can be chosen).
func (at *spot) with(b, e, picked object) any {
	kind := field.Str(e, "type")
	var one any = optionOf(picked)
	if strings.HasSuffix(kind, "users_select") || strings.HasSuffix(kind, "conversations_select") || strings.HasSuffix(kind, "channels_select") {
		one = field.Str(picked, "value")
	}
	key := blockkit.SlotOf(kind)
	if !key.Many {
		return one
	}
	chosen := slices.Clone(field.List(at.values[field.Str(b, "block_id")][field.Str(e, "action_id")], key.Key))
	same := func(other any) bool { return string(marshal(other)) == string(marshal(one)) }
	if i := slices.IndexFunc(chosen, same); i >= 0 {
		return slices.Delete(chosen, i, i+1)
	}
	return append(chosen, one)
}

// optionOf is an option as it comes back in state and actions.
func optionOf(o object) object {
	out := object{"text": o["text"], "value": o["value"]}
	if o["description"] != nil {
		out["description"] = o["description"]
	}
	return out
}

func pick(all []offered, option string) (object, error) {
	var there []string
	for _, match := range []func(Choice) bool{
		func(c Choice) bool { return c.Text == option || c.Value == option },
		func(c Choice) bool { return strings.HasPrefix(strings.ToLower(c.Text), strings.ToLower(option)) },
	} {
		there = nil
		for _, o := range all {
			if match(o.choice()) {
				return o.option, nil
			}
			there = append(there, o.choice().Text)
		}
	}
	return nil, fmt.Errorf("no option %q, only %q", option, there)
}
