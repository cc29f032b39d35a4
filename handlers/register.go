package handlers

import (
	"strconv"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/forms"
)

// Register names every command, button, modal and list that there is.
func (h *Handlers) Register(r Router) {
	r.OnCommand(h.o.Command, h.command)

	r.OnSuggest(forms.ActionLocal, h.connect.suggest)
	r.OnSuggest(forms.ActionRemote, h.connect.suggest)
	r.OnSuggest(forms.ActionRole, h.connect.suggestReaders)
	r.OnAction(forms.ActionLocal, h.connect.connectChanged)
	r.OnAction(forms.ActionRemote, h.connect.connectChanged)
	r.OnAction(forms.ActionMore, h.connect.connectMore)
	r.OnAction(forms.ActionModel, h.connect.connectModel)
	r.OnAction(forms.ActionCertificates, h.connect.connectModel)
	r.OnAction(forms.ActionKeys, h.connect.connectModel)
	r.OnAction(forms.ActionLetIn, h.connect.connectLetIn)
	r.OnSubmit(forms.CallbackConnect, h.connect.connectSubmitted, connectLate)

	h.registerConnections(readersOnly{r, h.readers})

	r.OnAction(cards.ActionApprove, h.decisions.approve)
	r.OnAction(cards.ActionTakeBack, h.decisions.takeBack)
	r.OnAction(cards.ActionWithdraw, h.decisions.withdraw)
	r.OnAction(cards.ActionEdit, h.connect.edit)
	r.OnAction(cards.ActionPaste, h.keys.askKey)
	r.OnSubmit(callbackPaste, h.keys.pasted, pasteLate)
	r.OnAction(cards.ActionAuthorityUploaded, h.decisions.authorityUploaded)
	r.OnAction(cards.ActionShowKey, h.keys.showKey)
	r.OnAction(cards.ActionNewKey, h.keys.newKey)
	r.OnAction(cards.ActionHandDone, h.keys.handDone)
	r.OnAction(cards.ActionPlan, h.plan.plan)
	r.OnAction(cards.ActionRetry, h.decisions.retry)
	r.OnAction(cards.ActionReject, h.decisions.askRejectReason)
	r.OnSubmit(callbackReject, h.decisions.rejected, reasonLate)
	r.OnAction(cards.ActionApproveNote, h.decisions.askNote)
	r.OnSubmit(callbackNote, h.decisions.approvedWithNote, reasonLate)
	r.OnAction(cards.ActionChanges, h.decisions.askChanges)
	r.OnSubmit(callbackChanges, h.decisions.changesRequested, reasonLate)
	r.OnAction(cards.ActionBreakGlass, h.decisions.askBreakGlass)
	r.OnSubmit(callbackBreakGlass, h.decisions.brokeGlass, reasonLate)
	r.OnAction(cards.ActionReviewRight, h.decisions.reviewedRight)
	r.OnAction(cards.ActionReviewWrong, h.decisions.askWrong)
	r.OnSubmit(callbackReviewWrong, h.decisions.reviewedWrong, reasonLate)
	r.OnAction(cards.ActionResolve, h.decisions.askResolveReason)
	r.OnSubmit(callbackResolve, h.decisions.resolved, reasonLate)

	r.OnAction(cards.ActionAsideRequeue, h.asides.requeueAside)
	r.OnAction(cards.ActionAsideResolve, h.asides.askAsideReason)
	r.OnSubmit(callbackAside, h.asides.resolvedAside, reasonLate)

	r.OnAction(cards.ActionKeep, h.review.keepPressed) // the owner and approvers may, also if others alone may look

	r.OnHome(h.home.home)
}

// registerConnections names the buttons and fields of the connections that exist.
func (h *Handlers) registerConnections(r Router) {
	for _, id := range []string{actionListPrevious, actionListNext, actionListAgain} {
		r.OnAction(id, h.list.listTurned)
	}
	for _, f := range listFilters {
		r.OnAction(actionListFilter+f.name, h.list.listTurned)
	}
	for row := range listStatuses {
		r.OnAction(actionListStatus+strconv.Itoa(row), h.inspect.statusPressed)
	}
	for _, f := range historyFilters {
		r.OnAction(actionHistoryFilter+f.name, h.history.historyFiltered)
	}
	for _, id := range []string{actionReviewPrevious, actionReviewNext, actionReviewAgain} {
		r.OnAction(id, h.review.reviewTurned)
	}
	r.OnAction(cards.ActionListLine, h.list.lineChosen)
	for _, verb := range forms.InspectVerbs {
		r.OnAction(cards.ConnectionPrefix+verb, h.inspect.inspectPressed)
	}
	for _, f := range forms.Changes() {
		r.OnAction(cards.ConnectionPrefix+f.Verb, h.changes.formPressed)
	}
	r.OnAction(actionFollow, h.follower.followPressed)
	r.OnAction(actionUnfollow, h.follower.followPressed)
	r.OnAction(actionTestAs, h.roleTests.askTestAs)
	r.OnSuggest(actionTestRole, h.roleTests.suggestRoles)
	r.OnSubmit(callbackTestAs, h.roleTests.testAs, testAsLate)
	r.OnSuggest(forms.ActionPick, h.finder.suggestConnections)
	r.OnAction(forms.ActionPick, h.changes.connectionSelected)
	r.OnShortcut(ShortcutDiagnose, h.inspect.diagnoseShortcut)
	r.OnSubmit(forms.CallbackInspect, h.inspect.inspectSubmitted, inspectLate)
	r.OnSubmit(forms.CallbackForm, h.changes.formSubmitted, formLate)
}
