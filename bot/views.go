package bot

import (
	"context"
	"strings"

	"github.com/slack-go/slack"
)

const maxMetadata = 3000 // of a view, in code points (Slack's docs: "views", private_metadata)

// modals are the modals and Home tabs of a Messenger.
type modals struct{ *caller }

// OpenView opens a modal. A trigger_id lives three seconds and works once, so this call never waits for its
// turn and is never tried again.
func (m modals) OpenView(ctx context.Context, triggerID string, v slack.ModalViewRequest) (View, error) {
	const method = "views.open"
	ctx, cancel := context.WithTimeout(ctx, slackWaits)
	defer cancel()
	m.load(ctx, &v)
	return m.view(ctx, request{method: method, trigger: true, body: struct {
		Trigger string                 `json:"trigger_id"`
		View    slack.ModalViewRequest `json:"view"`
	}{triggerID, v}})
}

// UpdateView replaces a modal. With hash, only if it has not changed since (Kind Conflict otherwise).
func (m modals) UpdateView(ctx context.Context, viewID, hash string, v slack.ModalViewRequest) (View, error) {
	const method = "views.update"
	m.load(ctx, &v)
	return m.view(ctx, request{method: method, body: struct {
		ID   string                 `json:"view_id"`
		Hash string                 `json:"hash,omitempty"`
		View slack.ModalViewRequest `json:"view"`
	}{viewID, hash, v}})
}

// UpdateNamedView replaces the modal that has v's external_id: the only name of one that an answer put up, whose id Slack
// tells nobody. One that is not there, or not yet, is an error of code not_found.
func (m modals) UpdateNamedView(ctx context.Context, v slack.ModalViewRequest) (View, error) {
	const method = "views.update"
	return m.view(ctx, request{method: method, body: struct {
		ID   string                 `json:"external_id"`
		View slack.ModalViewRequest `json:"view"`
	}{v.ExternalID, v}})
}

// PublishHome shows v in a user's home tab.
func (m modals) PublishHome(ctx context.Context, user string, v slack.HomeTabViewRequest) error {
	const method = "views.publish"
	return m.call(ctx, request{method: method, body: struct {
		User string                   `json:"user_id"`
		View slack.HomeTabViewRequest `json:"view"`
	}{user, v}})
}

// load puts what is carried before a modal's metadata. Handlers never see it there: see unload.
func (m modals) load(ctx context.Context, v *slack.ModalViewRequest) {
	what := m.o.Carry(ctx)
	if what == "" || len(what) > maxLoaded || strings.Contains(what, loadEnd) {
		return
	}
	if loaded := loadMark + what + loadEnd + v.PrivateMetadata; len(loaded) <= maxMetadata {
		v.PrivateMetadata = loaded
	}
}

func (m modals) view(ctx context.Context, r request) (View, error) {
	var answer struct {
		View viewPayload `json:"view"`
	}
	r.answer = &answer
	if err := m.call(ctx, r); err != nil {
		return View{}, err
	}
	return *answer.View.view(), nil
}
