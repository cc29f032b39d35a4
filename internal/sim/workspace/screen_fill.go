package workspace

import (
	"context"
	"fmt"
	"slices"
	"strconv"

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
	all, out := offer(ctx, s.u.w, p, at, b, e, typed) // releases the lock
	out.Options = choices(all)
	return out, nil
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
	all, out := offer(ctx, s.u.w, p, at, b, e, typed) // releases the lock
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
