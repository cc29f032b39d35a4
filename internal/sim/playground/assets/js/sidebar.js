// Who one is, and the conversations one can go to.
import { h, keep } from "./dom.js";
import { openHome } from "./conversation.js";
import { avatar } from "./message.js";
import { directMessage, go, inChannel, store } from "./store.js";

const list = h("ul");

/** mountSidebar puts the parts into the page. */
export function mountSidebar() {
  document.getElementById("sidebar").append(h("p", { class: "team" }, "Example"), list);
}

export function drawSidebar() {
  if (!store.slack) return;
  const dm = directMessage();
  const channels = store.slack.channels.filter((c) => !c.im && !c.archived);
  keep(list, [
    label("Channels"),
    ...channels.map((c) => entry(c.id, `# ${c.name}`, store.at === c.id, unread(c.id), () => go({ at: c.id }))),
    label("Apps"),
    entry("app", "⇄ remote-cluster", store.at === "home" || (dm && store.at === dm.id), dm ? unread(dm.id) : 0, () => (dm && unread(dm.id) ? go({ at: dm.id }) : openHome())),
  ]);
}

function label(text) {
  return { key: `label ${text}`, looks: "", make: () => h("li", { class: "label", "aria-hidden": "true" }, text) };
}

function entry(key, text, current, count, to) {
  return {
    key, looks: JSON.stringify([text, current, count]),
    make: () =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: count ? "unread" : null, "aria-current": current ? "page" : null, dataset: { focus: key }, onclick: to },
          text,
          count > 0 && h("span", { class: "count", "aria-label": `${count} new` }, String(count)),
        ),
      ),
  };
}

/** unread counts what came since the person looked. What was there at the first look is not new. */
function unread(id) {
  const place = `${store.me} ${id}`;
  const messages = inChannel(id);
  if (!store.seen.has(place)) store.seen.set(place, "");
  if (store.at === id) return 0;
  return messages.filter((m) => m.ts > store.seen.get(place) && m.user !== store.slack.me).length;
}

export function drawPeople() {
  keep(
    document.getElementById("people"),
    store.setting.people.map((p) => {
      const on = p.handle === store.me;
      const user = store.slack?.users.find((u) => u.handle === p.handle) ?? { handle: p.handle, name: p.handle };
      return { key: p.handle, looks: JSON.stringify([on, user.name]), make: () => person(p, user, on) };
    }),
  );
}

function person(p, user, on) {
  return h(
    "button",
    { type: "button", role: "radio", "aria-checked": String(on), tabindex: on ? "0" : "-1", dataset: { focus: p.handle }, onclick: () => become(p.handle), onkeydown: step },
    avatar(user),
    h("span", {}, h("b", {}, user.name), h("small", {}, p.role)),
  );
}

/** become plays another person, in the channel where requests are. */
export function become(handle) {
  if (handle === store.me) return;
  go({ me: handle, at: store.at === "home" || !store.slack?.channels.some((c) => c.id === store.at && !c.im) ? store.setting.channel : store.at });
}

/** step goes from one radio button to the next, as arrow keys do. */
function step(event) {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const { people } = store.setting;
  const i = people.findIndex((p) => p.handle === store.me);
  const next = people[(i + by + people.length) % people.length].handle;
  become(next);
  setTimeout(() => document.querySelector(`#people [data-focus="${next}"]`)?.focus(), 0);
}
