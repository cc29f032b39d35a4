// The next thing to do, for somebody who sees the bot for the first time.
import { h, keep } from "./dom.js";
import { typeHere } from "./conversation.js";
import { become } from "./sidebar.js";
import { searchFor } from "./search.js";
import { showSide, showTab } from "./panel.js";
import { book, change, go, inChannel, store } from "./store.js";

/** coaching is the next step: {step, text, does?, go?}. A request that waits comes first, whatever else stands. */
export function coaching() {
  const { slack, me, setting, search } = store;
  const { local, remote, indices } = setting.cast;
  if (!slack) return { text: "" };
  const modal = slack.modals?.at(-1);
  if (modal) return { text: inModal(modal, me) };
  const waiting = cards().find((m) => has(m, "request.approve"));
  if (waiting) return approving(waiting, me);
  const hand = cards().find((m) => has(m, "request.show_key") || has(m, "request.hand_done"));
  if (hand) return byHand(hand, me);
  if (working() || has(cards().at(-1), "request.withdraw")) return { step: 3, text: "Approved: the bot works. Its thread tells every step, and the clusters on the other side change." };
  const link = connection();
  if (link && !link.connected) return { step: 4, text: `The connection ${link.alias} of ${local} is lost. Ask the bot what is wrong with it.`, does: "Type it for me", go: () => type(`diagnose ${local}/${link.alias}`) };
  const proven = link && search?.deployment === local && search.target.startsWith(`${link.alias}:`) && search.hits?.length > 0;
  if (proven) return { step: 5, text: `Connected and proven. Now make it hard for the bot: break something, and watch it cope. Or type ${setting.command} map for a picture, and extend ${local}/${link.alias} for 1 minute to see it end.`, does: "Show the faults", go: () => showTab("faults") };
  if (link) {
    const target = `${link.alias}:${link.to === remote ? indices : "logs-*"}`;
    return { step: 4, text: `Connected. Prove it: search ${target} on ${local}.`, does: "Search", go: () => searchFor(local, target) };
  }
  const refused = ended(cards().at(-1));
  if (refused) return refused;
  if (me !== "alice") return { step: 1, text: "Requests begin with Alice.", does: "Be Alice", go: () => become("alice") };
  return { step: 1, text: `You are Alice. ${local} is to search the ${indices.split("-")[0]} of ${remote}: type ${setting.command} connect in #clusters.`, does: "Type it for me", go: () => type("connect ") };
}

/** byHand leads through the work of the clusters' owners: the key, or what is left of it, is theirs to edit. */
function byHand(card, me) {
  const able = store.setting.people.filter((p) => p.role === "approves");
  if (!able.some((p) => p.handle === me)) return { step: 3, text: `The work waits for ${store.setting.cast.local}'s owners: Elasticsearch has no API for its keystore.`, does: `Be ${able[0].handle}`, go: () => become(able[0].handle) };
  if (has(card, "request.show_key")) return { step: 3, text: "Press Show me the key, copy the command and the key, and close the form. It is shown once." };
  return { step: 3, text: "Run the command on each node: below the search box beside the workspace. Then press Done on the card.", does: "Show the shell", go: () => showTab("clusters") };
}

/** type puts a command into the field of the channel where requests are. */
function type(words) {
  go({ at: store.setting.channel });
  showSide("workspace");
  setTimeout(() => typeHere(`${store.setting.command} ${words}`), 20);
}

/** named are the people whom blocks mention. */
function named(blocks) {
  return [...JSON.stringify(blocks).matchAll(/<@(\w+)>/g)].map((m) => m[1]);
}

/** approving leads to somebody who may approve: who is named as missing, and has not asked. */
function approving(card, me) {
  const id = (handle) => store.slack.users.find((u) => u.handle === handle)?.id;
  const asked = named(card.blocks.findLast((b) => b.type === "context") ?? {})[0]; // those above it tell of approvals
  const missing = named(card.blocks.filter((b) => b.type === "section")).filter((one) => one !== asked);
  const able = store.setting.people.find((p) => (missing.length ? missing.includes(id(p.handle)) : p.handle === "bob")) ?? store.setting.people[1];
  const name = book().user(id(able.handle));
  const other = { does: `Be ${name}`, go: () => become(able.handle) };
  if (id(me) === asked) return { step: 2, text: `Your request waits in #clusters. Nobody approves a request of their own: be ${name}.`, ...other };
  if (me === "mallory") return { step: 2, text: "Mallory is no approver. Press Approve, and see what the bot says.", ...other };
  if (missing.length && !missing.includes(id(me))) return { step: 2, text: `The request waits for somebody else: be ${name}.`, ...other };
  return { step: 2, text: "Read the request, look at its plan, and press Approve." };
}

/** ended is what follows a request that came to nothing: the requester can ask again. */
function ended(card) {
  const how = JSON.stringify(card?.blocks ?? []).match(/\*(Rejected|Withdrawn|Expired|Failed and rolled back)\*/)?.[1];
  const asker = named(card?.blocks?.findLast((b) => b.type === "context") ?? {})[0];
  const person = store.setting.people.find((p) => store.slack.users.find((u) => u.handle === p.handle)?.id === asker);
  if (!how || !person || !has(card, "request.edit")) return undefined;
  const name = book().user(asker);
  if (store.me !== person.handle) return { step: 2, text: `${how}. ${name} can edit the request and ask again.`, does: `Be ${name}`, go: () => become(person.handle) };
  return { step: 2, text: `${how}. Press “Edit and request again” on the card: the form opens with what was filled in.` };
}

/** inModal helps with the first connection of the story; other forms are somebody's own. */
function inModal(view, me) {
  const { local, remote, indices } = store.setting.cast;
  if (view.callback_id !== "connect" || me !== "alice" || connection()) return "";
  const chosen = JSON.stringify(view.values);
  if (!chosen.includes(local)) return `Choose ${local} as the local deployment: type a part of its name.`;
  if (!chosen.includes(remote)) return `Choose ${remote} as the remote deployment: the bot fills alias, address and server name in.`;
  return `Say which indices may be searched, such as ${indices}, and what it is for. Then request approval.`;
}

/** connection is the local deployment's, by key or by certificate: {alias, to, connected}; undefined if there is none. */
function connection() {
  const links = store.world.find((d) => d.name === store.setting.cast.local)?.links ?? {};
  const all = Object.entries(links).map(([alias, l]) => ({ alias, ...l, connected: l.connected && !l.key_ended }));
  return all.find((l) => !l.connected) ?? all[0];
}

/** cards are the app's messages that everybody sees in the channel where requests are. */
function cards() {
  const { setting } = store;
  return inChannel(setting.channel).filter((m) => !m.only && m.user === setting.app_user);
}

/** has tells whether a card has a button. */
function has(card, action) {
  return JSON.stringify(card?.blocks ?? []).includes(`"action_id":"${action}"`);
}

function working() {
  const last = store.slack.messages.findLast((m) => m.channel === store.setting.channel && m.blocks?.some((b) => b.type === "plan"));
  return Boolean(last?.blocks.some((b) => (b.tasks ?? []).some((t) => t.status === "in_progress")));
}

let whole = ""; // the text that a narrow screen shows in whole, not just its first line

export function drawCoach() {
  const next = coaching();
  const place = document.getElementById("coach");
  if (!next.text && store.slack?.modals?.length) return; // below a form that needs no words nothing moves
  place.hidden = !next.text;
  keep(place, [
    {
      key: "next", looks: JSON.stringify([next.step, next.text, next.does, store.me, whole === next.text]),
      make: () =>
        h(
          "p",
          { class: whole === next.text ? "whole" : null },
          next.step && h("span", { class: "steps", role: "img", "aria-label": `Step ${next.step} of 5` }, [1, 2, 3, 4, 5].map((n) => h("i", { class: n < next.step ? "past" : n === next.step ? "now" : null }))),
          h("span", { class: "coach-text" }, next.text),
          h("button", { type: "button", class: "close unfold", "aria-label": "The whole text", "aria-expanded": String(whole === next.text), dataset: { focus: "whole" }, onclick: () => change(() => (whole = whole === next.text ? "" : next.text)) }, whole === next.text ? "▴" : "▾"),
          next.does && h("button", { type: "button", class: "button small", dataset: { focus: "next" }, onclick: next.go }, next.does),
        ),
    },
  ]);
}
