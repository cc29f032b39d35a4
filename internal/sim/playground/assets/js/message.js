// A message in a conversation or a thread.
import { content } from "./blocks.js";
import { h } from "./dom.js";
import { act } from "./server.js";
import { more } from "./more.js";
import { book, go, inThread, store } from "./store.js";
import { emojiNode } from "./text.js";

/** messageItem is a message for keep. threads says whether it leads to its thread. */
export function messageItem(m, { threads = false } = {}) {
  const replies = threads ? inThread(m) : [];
  const looks = JSON.stringify([m, replies.length, replies.at(-1)?.ts, store.me, threads && store.thread === m.ts]);
  return { key: `${m.channel} ${m.ts}`, looks, make: () => message(m, replies, threads) };
}

function message(m, replies, threads) {
  const author = store.slack.users.find((u) => u.id === m.user) ?? { name: m.user, handle: m.user };
  const mine = m.only ? "ephemeral" : "";
  const body = h("div", { class: "message-body" });
  content(body, m, { book: book(), values: initial(m.blocks), act: (doing) => act({ channel: m.channel, ts: m.ts, ...doing }) });
  return h(
    "article",
    { class: `message ${mine}`, "aria-label": `${author.name}${m.only ? ", only visible to you" : ""}` },
    avatar(author),
    h(
      "div",
      { class: "message-main" },
      h(
        "p",
        { class: "message-head" },
        h("span", { class: "author" }, author.name),
        author.bot && h("span", { class: "badge" }, "APP"),
        h("time", { datetime: time(m.ts).toISOString() }, clock(m.ts)),
        m.only && h("span", { class: "only" }, "Only visible to you"),
        m.edited && !m.blocks?.length && h("span", { class: "edited" }, "(edited)"),
      ),
      body,
      h("p", { class: "reactions", hidden: Object.keys(m.reactions ?? {}).length === 0 }, Object.entries(m.reactions ?? {}).map(([name, users]) => h("span", { class: "reaction" }, emojiNode(name), " ", String(users.length)))),
      threads && !m.only && threadLink(m, replies),
    ),
    !m.only && more(m),
  );
}

function threadLink(m, replies) {
  const words = replies.length === 0 ? "Reply in thread" : replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  return h(
    "button",
    { type: "button", class: `thread-link ${replies.length ? "" : "quiet"}`, "aria-expanded": String(store.thread === m.ts), dataset: { focus: `thread ${m.ts}` }, onclick: () => go({ thread: m.ts }) },
    words,
    replies.length > 0 && h("span", {}, `last at ${clock(replies.at(-1).ts)}`),
  );
}

/** initial are the values that the blocks of a message begin with. */
function initial(blocks) {
  const values = {};
  for (const b of blocks ?? []) {
    for (const e of [b.accessory, b.element, ...(b.elements ?? [])]) {
      if (!e?.action_id) continue;
      values[b.block_id] ??= {};
      values[b.block_id][e.action_id] = { type: e.type, selected_option: e.initial_option, selected_options: e.initial_options, value: e.initial_value, selected_date: e.initial_date };
    }
  }
  return values;
}

/** avatar is a letter on a color of its own. */
export function avatar(user) {
  const letter = user.bot ? "⇄" : (user.name ?? "?").slice(0, 1).toUpperCase();
  const color = Math.max(0, store.setting.people.findIndex((p) => p.handle === user.handle)) % 6;
  return h("span", { class: `avatar ${user.bot ? "avatar-app" : `avatar-${color}`}`, "aria-hidden": "true" }, letter);
}

const time = (ts) => new Date(Number(ts) * 1000);

/** clock is the time of a message's ts. */
export function clock(ts) {
  return time(ts).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
