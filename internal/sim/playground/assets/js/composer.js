// Where one writes: messages, and slash commands with what can follow them.
import { freshID, h } from "./dom.js";
import { act, notice } from "./server.js";
import { store } from "./store.js";

/** composer makes the field. place() tells {channel, ts, label}; ts is the thread's, where slash commands do not work. */
export function composer(place) {
  const listID = freshID("words");
  const field = h("textarea", {
    rows: 1, class: "composer-field", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": listID, spellcheck: "false",
  });
  const list = h("ul", { id: listID, class: "words", role: "listbox", "aria-label": "Slash commands", hidden: true });
  const send = h("button", { type: "submit", class: "button primary", "aria-label": "Send" }, "Send");
  const node = h("form", { class: "composer" }, list, h("div", { class: "composer-row" }, field, send));
  let offers = [];
  let at = 0;

  const draw = () => {
    offers = place().ts ? [] : offered(field.value);
    at = Math.min(at, Math.max(0, offers.length - 1));
    list.hidden = offers.length === 0;
    field.setAttribute("aria-expanded", String(offers.length > 0));
    list.replaceChildren(...offers.map((w, i) => row(w, i)));
    if (offers.length > 0) field.setAttribute("aria-activedescendant", `${listID}-${at}`);
    else field.removeAttribute("aria-activedescendant");
  };
  const row = (w, i) =>
    h(
      "li",
      {
        id: `${listID}-${i}`, role: "option", "aria-selected": String(i === at),
        onmousedown: (event) => event.preventDefault(),
        onclick: () => take(w),
      },
      h("code", {}, `${store.setting.command} ${w.verb}`),
      w.args && h("span", { class: "args" }, w.args),
      h("small", {}, w.does),
    );
  const take = (w) => {
    field.value = `${store.setting.command} ${w.verb}${w.args ? " " : ""}`;
    field.focus();
    draw();
  };
  const submit = async () => {
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    draw();
    const { channel, ts } = place();
    if (!text.startsWith("/")) await act({ do: "say", channel, ts, text });
    else if (ts) notice("Slash commands do not work in threads.");
    else await act({ do: "type", channel, text });
  };
  field.addEventListener("input", () => {
    at = 0;
    draw();
  });
  field.addEventListener("blur", () => (list.hidden = true));
  field.addEventListener("focus", draw);
  field.addEventListener("keydown", (event) => {
    const open = !list.hidden;
    if (open && event.key === "ArrowDown") at = (at + 1) % offers.length;
    else if (open && event.key === "ArrowUp") at = (at + offers.length - 1) % offers.length;
    else if (open && event.key === "Escape") list.hidden = true;
    else if (open && event.key === "Tab" && !event.shiftKey && !whole(field.value)) return event.preventDefault(), take(offers[at]);
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      return open && !whole(field.value) ? take(offers[at]) : submit();
    } else return undefined;
    event.preventDefault();
    if (event.key !== "Escape") draw();
    return undefined;
  });
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  node.type = (text) => {
    field.value = text;
    field.focus();
    draw();
  };
  node.describe = () => {
    const { label } = place();
    field.placeholder = label;
    field.setAttribute("aria-label", label);
  };
  node.describe();
  return node;
}

/** offered are the words that can still become what is typed. */
function offered(text) {
  const { command, words } = store.setting;
  if (!text.startsWith("/")) return [];
  const begun = text.toLowerCase();
  return words.filter((w) => `${command} ${w.verb} `.startsWith(begun) || begun.startsWith(`${command} ${w.verb} `));
}

/** whole tells whether a command can be sent as it is. */
function whole(text) {
  const { command, words } = store.setting;
  return words.some((w) => text.trim() === `${command} ${w.verb}` || text.startsWith(`${command} ${w.verb} `));
}
