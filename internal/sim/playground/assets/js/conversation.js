// The middle of the workspace: a channel or a direct message, the app's home tab, and the thread beside it.
import { drawBlocks } from "./blocks.js";
import { composer } from "./composer.js";
import { fill, h, keep } from "./dom.js";
import { messageItem } from "./message.js";
import { act } from "./server.js";
import { book, channel, directMessage, go, inChannel, inThread, look, store } from "./store.js";

const title = h("h2", { id: "conversation-title" });
const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "The app" });
const log = h("div", { class: "messages", role: "log", "aria-label": "Messages", tabindex: "0" });
const home = h("div", { class: "home", tabindex: "-1" });
const write = composer(() => ({ channel: store.at, label: `Message ${nameOf(store.at)}` }));
const threadLog = h("div", { class: "messages", role: "log", "aria-label": "Replies", tabindex: "0" });
const threadHead = h("div", { class: "conversation-head" });
const threadWrite = composer(() => ({ channel: store.at, ts: store.thread, label: "Reply" }));

/** nameOf is a conversation's name. */
function nameOf(id) {
  const c = channel(id);
  return c?.im ? "remote-cluster" : `#${c?.name ?? ""}`;
}

/** mountConversation puts the parts into the page; drawConversation makes them show what there is. */
export function mountConversation() {
  fill(document.getElementById("conversation"), h("div", { class: "conversation-head" }, title, tabs), log, home, write);
  fill(threadHead, h("h2", {}, "Thread"), h("button", { type: "button", class: "close", "aria-label": "Close thread", onclick: closeThread }, "×"));
  stick(log);
  stick(threadLog);
  const thread = document.getElementById("thread");
  fill(thread, threadHead, threadLog, threadWrite);
  thread.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && closeThread());
}

/** stick keeps a log at its end, where it is at its end, when its room changes: a bar above grew, a keyboard came. */
function stick(one) {
  let below = true;
  one.addEventListener("scroll", () => (below = atEnd(one)));
  new ResizeObserver(() => below && (one.scrollTop = one.scrollHeight)).observe(one);
}

function atEnd(one) {
  return one.scrollHeight - one.scrollTop - one.clientHeight < 80;
}

function closeThread() {
  const ts = store.thread;
  go({ thread: "" });
  document.querySelector(`[data-focus="thread ${ts}"]`)?.focus();
}

/** typeHere puts words into the field of the conversation. */
export function typeHere(text) {
  write.type(text);
}

export function drawConversation() {
  if (!store.slack) return;
  const atHome = store.at === "home";
  const c = atHome ? directMessage() : channel();
  title.textContent = atHome || c?.im ? "remote-cluster" : `# ${c?.name ?? ""}`;
  drawTabs(atHome, c);
  log.hidden = write.hidden = atHome;
  home.hidden = !atHome;
  if (atHome) drawHome();
  else drawMessages(c);
  drawThread();
}

function drawTabs(atHome, c) {
  tabs.hidden = !atHome && !c?.im;
  if (tabs.hidden) return;
  const tab = (words, chosen, to) => ({
    key: words, looks: String(chosen),
    make: () => h("button", { type: "button", role: "tab", "aria-selected": String(chosen), dataset: { focus: words }, onclick: to }, words),
  });
  keep(tabs, [tab("Home", atHome, openHome), tab("Messages", !atHome, openMessages)]);
}

/** openHome shows the app's home tab, and tells the app that it is looked at. */
export function openHome() {
  go({ at: "home" });
  act({ do: "home" });
}

/** openMessages shows the direct message with the app; opening the home tab is what brings it into being. */
async function openMessages() {
  if (!directMessage()) await act({ do: "home" });
  go({ at: directMessage()?.id ?? "home" });
}

function drawHome() {
  const v = store.slack.home;
  if (!v) {
    keep(home, [{ key: "none", looks: "", make: () => h("p", { class: "empty" }, "The app has nothing on its home tab for you yet.") }]);
    return;
  }
  drawBlocks(home, v.blocks, { book: book(), values: v.values, act: (doing) => act({ on: "home", ...doing }) });
}

let shown = "";

function drawMessages(c) {
  const messages = inChannel(c?.id);
  const place = `${store.me} ${c?.id}`;
  const below = shown !== place || atEnd(log);
  write.describe();
  const empty = { key: "empty", looks: "", make: () => h("p", { class: "empty" }, c?.im ? "Nothing here yet." : `This is the beginning of ${nameOf(c?.id)}.`) };
  keep(log, messages.length ? messages.map((m) => messageItem(m, { threads: true })) : [empty]);
  if (below) log.scrollTop = log.scrollHeight;
  shown = place;
  if (messages.length) look(place, messages.at(-1).ts);
}

let shownThread = "";

function drawThread() {
  const root = store.slack.messages.find((m) => m.ts === store.thread && m.channel === store.at);
  const thread = document.getElementById("thread");
  thread.hidden = !root;
  document.body.classList.toggle("threaded", Boolean(root));
  if (!root) {
    shownThread = "";
    return;
  }
  const fresh = shownThread !== root.ts;
  const below = fresh || atEnd(threadLog);
  keep(threadLog, [root, ...inThread(root)].map((m) => messageItem(m)));
  if (below) threadLog.scrollTop = threadLog.scrollHeight;
  if (fresh) threadHead.querySelector(".close").focus();
  shownThread = root.ts;
}
