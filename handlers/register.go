package handlers

import (
	"github.com/remote-cluster-bot/remote-cluster-bot/bot"
	"github.com/remote-cluster-bot/remote-cluster-bot/handlers/cards"
)

// Router is where handlers are registered; *bot.Router is one.
type Router interface {
	OnCommand(name string, h bot.CommandHandler)
	OnAction(id string, h bot.ActionHandler)
	OnSubmit(callback string, h bot.SubmissionHandler, late func(bot.Submission) bot.Answer)
	OnSuggest(id string, h bot.SuggestionHandler)
	OnHome(h bot.HomeHandler)
	OnShortcut(id string, h bot.ShortcutHandler)
}

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
	r.OnAction(cards.ActionResolve, h.askResolveReason)
	r.OnSubmit(callbackResolve, h.resolved, reasonLate)

	r.OnHome(h.home)
}
