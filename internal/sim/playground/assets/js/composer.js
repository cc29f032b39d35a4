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
  let pointed = false; // an offer was chosen with the arrows

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
    const begun = `${store.setting.command} ${w.verb} `;
    if (!field.value.toLowerCase().startsWith(begun)) field.value = w.args ? begun : begun.trimEnd(); // else it has arguments
    pointed = false;
    field.focus();
    draw();
  };
  const submit = async () => {
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    draw();
    const { channel, ts } = place();
    let refused = false;
    if (!text.startsWith("/")) refused = (await act({ do: "say", channel, ts, text })).error;
    else if (ts) notice((refused = "Slash commands do not work in threads."));
    else refused = (await act({ do: "type", channel, text })).error;
    if (!refused || field.value) return;
    field.value = text; // what was typed is not lost
    if (document.activeElement === field) draw();
  };
  field.addEventListener("input", () => {
    at = 0;
    pointed = false;
    draw();
  });
  field.addEventListener("blur", () => (list.hidden = true));
  field.addEventListener("focus", draw);
  field.addEventListener("keydown", (event) => {
    const open = !list.hidden;
    const typed = whole(field.value);
    if (open && event.key === "ArrowDown") (at = (at + 1) % offers.length), (pointed = true);
    else if (open && event.key === "ArrowUp") (at = (at + offers.length - 1) % offers.length), (pointed = true);
    else if (open && event.key === "Escape") list.hidden = true;
    else if (open && event.key === "Tab" && !event.shiftKey && typed !== "verb") return event.preventDefault(), take(offers[at]);
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      const sent = !open || typed === "verb" || (typed === "bare" && !pointed);
      return sent ? submit() : take(offers[at]);
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

/** whole tells whether a command can be sent as it is: "verb" with one of the words behind it, whatever follows;
 * "bare" without any, which the app answers, too; "" if not. Slack minds no case of what follows the command. */
function whole(text) {
  const { command, words } = store.setting;
  const typed = text.trim().toLowerCase();
  if (typed === command) return "bare";
  return words.some((w) => `${typed} `.startsWith(`${command} ${w.verb} `)) ? "verb" : "";
}
