// Interactive elements of Block Kit. What a person does with one goes to the workspace by here.act; what is chosen or
// typed comes back in here.values, and show puts it into the element.
import { combobox } from "./combobox.js";
import { confirmed } from "./dialogs.js";
import { debounced, freshID, h } from "./dom.js";
import { textObject } from "./text.js";

const typed = {
  plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "text",
  datepicker: "date", timepicker: "time", datetimepicker: "datetime-local",
};

/** element draws an element of block b. id and describedby tie it to a label and to hints. */
export function element(b, e, here, { id, describedby } = {}) {
  const part = { b, e, here, id, describedby, focus: e.action_id };
  switch (e.type) {
    case "button":
    case "workflow_button":
    case "icon_button":
      return button(part);
    case "static_select":
      return staticSelect(part);
    case "checkboxes":
    case "radio_buttons":
      return boxes(part);
    case "overflow":
      return overflow(part);
    case "image":
      return picture(e);
    case "feedback_buttons":
      return h("span", { class: "row" }, [e.positive_button, e.negative_button].map((one) => h("button", { type: "button", class: "button", disabled: true }, textObject(one?.text, here.book))));
    default:
      if (e.type in typed) return input(part);
      if (e.type?.endsWith("_select")) return e.type.startsWith("multi_") ? several(part) : select(part);
      return h("span", { class: "unknown" }, `(${e.type} can't be used in the playground)`);
  }
}

/** show puts the present values into the elements of a block's node. */
export function show(node, here) {
  for (const one of [node, ...node.querySelectorAll("*")]) one.showValue?.(here);
}

/** picture shows an image where the page may load it; others are told by their text. */
export function picture(e) {
  const file = e.slack_file?.id;
  const url = file ? `${location.origin}/files/${encodeURIComponent(file)}` : (e.image_url ?? "");
  if (url.startsWith("data:image/") || url.startsWith(location.origin)) return h("img", { src: url, alt: e.alt_text ?? "" });
  return h("span", { class: "picture", role: "img", "aria-label": e.alt_text ?? "" }, e.alt_text ?? "image");
}

/** act does something with an element, and asks first where the element wants that. What was typed a moment before goes ahead:
 * Slack sends all fields along with each press. */
async function act({ b, e, here }, what, node) {
  if (what.do !== "fill") await Promise.all([...(here.flushes ?? [])].map((flush) => flush()));
  const doing = { block: b.block_id, field: e.action_id, ...what };
  node?.setAttribute("aria-busy", "true");
  try {
    const outcome = await here.act(doing);
    if (!outcome.confirm) return outcome;
    if (!(await confirmed(e.confirm ?? {}, outcome.confirm, here.book))) return { declined: true };
    return await here.act({ ...doing, do: "confirm" });
  } finally {
    node?.removeAttribute("aria-busy");
  }
}

const valueOf = ({ b, e }, here) => here.values?.[b.block_id]?.[e.action_id] ?? {};

function button(part) {
  const { e, here } = part;
  const node = h(
    "button",
    { type: "button", class: `button ${e.style ?? ""}`, "aria-label": e.accessibility_label, dataset: { focus: part.focus } },
    textObject(e.text, here.book),
  );
  node.addEventListener("click", () => {
    if (node.getAttribute("aria-busy")) return;
    if (e.url) globalThis.open(e.url, "_blank", "noopener");
    act(part, { do: "press" }, node);
  });
  return node;
}

function input(part) {
  const { b, e, here } = part;
  const tag = e.multiline ? "textarea" : "input";
  const node = h(tag, {
    id: part.id, type: e.multiline ? null : typed[e.type], rows: e.multiline ? 3 : null, "aria-describedby": part.describedby,
    placeholder: e.placeholder?.text, inputmode: e.type === "number_input" ? "decimal" : null, autocomplete: "off",
    dataset: { focus: part.focus }, class: "field",
  });
  let waiting = 0;
  const send = async () => {
    waiting += 1;
    try {
      await act(part, { do: "fill", text: toSlack(e, node.value) });
    } finally {
      waiting -= 1;
    }
  };
  const later = debounced(send, 150);
  const onEnter = b.dispatch_action && !e.dispatch_action_config?.trigger_actions_on?.includes("on_character_entered");
  node.addEventListener(onEnter ? "change" : "input", () => later());
  here.flushes?.add(() => later.flush());
  node.showValue = (now) => {
    if (waiting > 0 || document.activeElement === node) return;
    const value = valueOf(part, now);
    node.value = fromSlack(value.value ?? value.selected_date ?? value.selected_time ?? value.selected_date_time ?? "");
  };
  return node;
}

/** Slack counts moments in Unix seconds; browsers write local time. */
function toSlack(e, text) {
  return e.type === "datetimepicker" && text ? String(Math.floor(new Date(text).getTime() / 1000)) : text;
}

function fromSlack(value) {
  if (typeof value !== "number") return value;
  const at = new Date(value * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function staticSelect(part) {
  const { b, e, here } = part;
  const option = (o) => h("option", { value: o.value }, o.text.text);
  const node = h(
    "select",
    { id: part.id, class: "field", "aria-describedby": part.describedby, "aria-label": part.id ? null : (e.placeholder?.text ?? "Choose"), dataset: { focus: part.focus } },
    h("option", { value: "", disabled: !b.optional }, e.placeholder?.text ?? "Choose"),
    (e.options ?? []).map(option),
    (e.option_groups ?? []).map((g) => h("optgroup", { label: g.label.text }, g.options.map(option))),
  );
  node.addEventListener("change", async () => {
    const done = await act(part, node.value === "" ? { do: "clear" } : { do: "choose", option: node.value }, node);
    if (done.declined) node.showValue(here);
  });
  node.showValue = (now) => {
    node.value = valueOf(part, now).selected_option?.value ?? "";
  };
  return node;
}

/** suggesting asks the workspace, which asks the bot where the select is an external one, and shows what fits. */
function suggesting(part) {
  return async (words) => {
    const outcome = await part.here.act({ do: "suggest", block: part.b.block_id, field: part.e.action_id, text: words });
    if (outcome.problem) return { problem: outcome.shown || outcome.problem };
    const all = outcome.options ?? [];
    if (part.e.type.endsWith("external_select")) return all;
    return all.filter((one) => one.text.toLowerCase().includes(words.toLowerCase()));
  };
}

function select(part) {
  const { e, here } = part;
  const node = combobox({
    id: part.id, placeholder: e.placeholder?.text, focus: part.focus, describedby: part.describedby, suggest: suggesting(part),
    pick: async (choice, words) => {
      const done = await act(part, { do: "choose", text: words, option: choice.value }, node);
      if (done.declined) node.showValue(here);
    },
  });
  node.showValue = (now) => node.show(chosenTexts(valueOf(part, now), now.book)[0] ?? "");
  return node;
}

/** several is a select of many: what is chosen stands above the field and is taken away by its button. */
function several(part) {
  const { e } = part;
  const chips = h("span", { class: "chips" });
  const pick = (choice, words) => act(part, { do: "choose", text: words, option: choice.value }, field).then(() => field.show(""));
  const field = combobox({ id: part.id, placeholder: e.placeholder?.text, focus: part.focus, describedby: part.describedby, suggest: suggesting(part), pick });
  const node = h("div", { class: "several" }, chips, field);
  node.showValue = (now) => {
    const value = valueOf(part, now);
    const texts = chosenTexts(value, now.book);
    const values = chosenValues(value);
    chips.replaceChildren(...texts.map((text, i) => h("button", { type: "button", class: "chip", "aria-label": `Remove ${text}`, onclick: () => pick({ value: values[i] }, text) }, text, " ×")));
  };
  return node;
}

function chosenValues(value) {
  const all = value.selected_options?.map((o) => o.value) ?? value.selected_users ?? value.selected_conversations ?? value.selected_channels;
  return all ?? [value.selected_option?.value ?? value.selected_user ?? value.selected_conversation ?? value.selected_channel].filter(Boolean);
}

function chosenTexts(value, book) {
  const options = value.selected_options ?? (value.selected_option ? [value.selected_option] : null);
  if (options) return options.map((o) => o.text.text);
  return chosenValues(value).map((id) => (value.type.includes("users") ? `@${book.user(id)}` : `#${book.channel(id)}`));
}

function boxes(part) {
  const { e, here } = part;
  const many = e.type === "checkboxes";
  const name = freshID("choice");
  const inputs = (e.options ?? []).map((o) => {
    const one = h("input", { type: many ? "checkbox" : "radio", name, value: o.value, dataset: { focus: `${part.focus} ${o.value}` } });
    one.addEventListener("change", () => act(part, { do: "choose", option: o.value }, node));
    return { one, o };
  });
  const node = h(
    "div",
    { class: "boxes", role: many ? "group" : "radiogroup", id: part.id, "aria-describedby": part.describedby },
    inputs.map(({ one, o }) => h("label", {}, one, h("span", {}, textObject(o.text, here.book), o.description && h("small", {}, textObject(o.description, here.book))))),
  );
  node.showValue = (now) => {
    const chosen = chosenValues(valueOf(part, now));
    for (const { one } of inputs) one.checked = chosen.includes(one.value);
  };
  return node;
}

/** overflow is a menu behind three dots. */
function overflow(part) {
  const { e, here } = part;
  const menu = h("div", { class: "menu", role: "group", "aria-label": "More actions" }, (e.options ?? []).map((o) =>
    h("button", {
      type: "button", class: "item",
      onclick: () => {
        node.open = false;
        if (o.url) globalThis.open(o.url, "_blank", "noopener");
        act(part, { do: "choose", option: o.value }, node);
      },
    }, textObject(o.text, here.book)),
  ));
  const node = h("details", { class: "overflow" }, h("summary", { class: "button", "aria-label": "More actions", dataset: { focus: part.focus } }, "⋯"), menu);
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open) return;
    node.open = false;
    node.firstChild.focus();
    event.preventDefault();
  });
  return node;
}
