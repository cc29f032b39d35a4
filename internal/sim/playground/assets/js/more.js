// The menu of a message: the app's message shortcuts, where Slack has them, too.
import { h } from "./dom.js";
import { act } from "./server.js";
import { store } from "./store.js";

/** more is the menu behind a message's three dots; null where no shortcut is for messages. */
export function more(m) {
  const shortcuts = store.setting.shortcuts.filter((s) => s.message);
  if (shortcuts.length === 0) return null;
  const close = () => {
    node.open = false;
    node.firstChild.focus();
  };
  const item = (s) =>
    h("button", { type: "button", class: "item", onclick: () => (close(), act({ do: "shortcut", channel: m.channel, ts: m.ts, field: s.callback_id })) }, s.name, h("small", {}, "remote-cluster"));
  const node = h(
    "details",
    { class: "overflow more", name: "more" },
    h("summary", { class: "button small", "aria-label": "More actions", title: "More actions", dataset: { focus: `more ${m.ts}` } }, "⋮"),
    h("div", { class: "menu", role: "group", "aria-label": "More actions" }, shortcuts.map(item)),
  );
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open) return;
    close();
    event.preventDefault();
  });
  node.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !node.contains(event.relatedTarget)) node.open = false;
  });
  node.addEventListener("toggle", () => node.open && node.lastChild.scrollIntoView({ block: "nearest" }));
  return node;
}

/** closeMenus closes the menus that a click elsewhere leaves open. */
export function closeMenus(event) {
  for (const node of document.querySelectorAll("details.overflow[open]")) {
    if (!node.contains(event.target)) node.open = false;
  }
}
