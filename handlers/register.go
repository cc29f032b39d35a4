package handlers

import (
	"strconv"

	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
)

// Register names every command, button, modal and list that there is.
func (h *Handlers) Register(r Router) {
	r.OnCommand(h.o.Command, h.command)

	r.OnSuggest(actionLocal, h.suggest)
	r.OnSuggest(actionRemote, h.suggest)
	r.OnSuggest(actionRole, h.suggestReaders)
	r.OnAction(actionLocal, h.connectChanged)
	r.OnAction(actionRemote, h.connectChanged)
	r.OnAction(actionMore, h.connectMore)
	r.OnAction(actionModel, h.connectModel)
	r.OnAction(actionCertificates, h.connectModel)
	r.OnAction(actionKeys, h.connectModel)
	r.OnAction(actionLetIn, h.connectLetIn)
	r.OnSubmit(callbackConnect, h.connectSubmitted, connectLate)

	h.registerConnections(readersOnly{r, h})

	r.OnAction(cards.ActionApprove, h.approve)
	r.OnAction(cards.ActionTakeBack, h.takeBack)
	r.OnAction(cards.ActionWithdraw, h.withdraw)
	r.OnAction(cards.ActionEdit, h.edit)
	r.OnAction(cards.ActionPaste, h.askKey)
	r.OnSubmit(callbackPaste, h.pasted, pasteLate)
	r.OnAction(cards.ActionAuthorityUploaded, h.authorityUploaded)
	r.OnAction(cards.ActionShowKey, h.showKey)
	r.OnAction(cards.ActionNewKey, h.newKey)
	r.OnAction(cards.ActionHandDone, h.handDone)
	r.OnAction(cards.ActionPlan, h.plan)
	r.OnAction(cards.ActionRetry, h.retry)
	r.OnAction(cards.ActionReject, h.askRejectReason)
	r.OnSubmit(callbackReject, h.rejected, reasonLate)
	r.OnAction(cards.ActionApproveNote, h.askNote)
	r.OnSubmit(callbackNote, h.approvedWithNote, reasonLate)
	r.OnAction(cards.ActionChanges, h.askChanges)
	r.OnSubmit(callbackChanges, h.changesRequested, reasonLate)
	r.OnAction(cards.ActionBreakGlass, h.askBreakGlass)
	r.OnSubmit(callbackBreakGlass, h.brokeGlass, reasonLate)
	r.OnAction(cards.ActionReviewRight, h.reviewedRight)
	r.OnAction(cards.ActionReviewWrong, h.askWrong)
	r.OnSubmit(callbackReviewWrong, h.reviewedWrong, reasonLate)
	r.OnAction(cards.ActionResolve, h.askResolveReason)
	r.OnSubmit(callbackResolve, h.resolved, reasonLate)

	r.OnAction(cards.ActionAsideRequeue, h.requeueAside)
	r.OnAction(cards.ActionAsideResolve, h.askAsideReason)
	r.OnSubmit(callbackAside, h.resolvedAside, reasonLate)

	r.OnAction(cards.ActionKeep, h.keepPressed) // the owner and approvers may, also if others alone may look

	r.OnHome(h.home)
}

// registerConnections names the buttons and fields of the connections that exist.
func (h *Handlers) registerConnections(r Router) {
	for _, id := range []string{actionListPrevious, actionListNext, actionListAgain} {
		r.OnAction(id, h.listTurned)
	}
	for _, f := range listFilters {
		r.OnAction(actionListFilter+f.name, h.listTurned)
	}
	for row := range listStatuses {
		r.OnAction(actionListStatus+strconv.Itoa(row), h.statusPressed)
	}
	for _, f := range historyFilters {
		r.OnAction(actionHistoryFilter+f.name, h.historyFiltered)
	}
	for _, id := range []string{actionReviewPrevious, actionReviewNext, actionReviewAgain} {
		r.OnAction(id, h.reviewTurned)
	}
	r.OnAction(cards.ActionListLine, h.lineChosen)
	for verb := range inspectCommands() {
		r.OnAction(cards.ConnectionPrefix+verb, h.inspectPressed)
	}
	for _, f := range changeForms() {
		r.OnAction(cards.ConnectionPrefix+f.verb, h.formPressed)
	}
	r.OnAction(actionFollow, h.followPressed)
	r.OnAction(actionUnfollow, h.followPressed)
	r.OnAction(actionTestAs, h.askTestAs)
	r.OnSuggest(actionTestRole, h.suggestRoles)
	r.OnSubmit(callbackTestAs, h.testAs, testAsLate)
	r.OnSuggest(actionPick, h.suggestConnections)
	r.OnAction(actionPick, h.connectionSelected)
	r.OnShortcut(ShortcutDiagnose, h.diagnoseShortcut)
	r.OnSubmit(callbackInspect, h.inspectSubmitted, inspectLate)
	r.OnSubmit(callbackForm, h.formSubmitted, formLate)
}
