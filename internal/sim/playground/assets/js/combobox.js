// A field that offers choices while one types: the combobox of the ARIA Authoring Practices, with a listbox below.
import { debounced, freshID, h } from "./dom.js";

/** combobox makes one. suggest(typed) resolves to a list of {text, value, description, group} or to {problem};
 * pick(choice, typed) is called for what was picked. The returned node has show(text): what is chosen now. */
export function combobox({ id, placeholder, focus, describedby, suggest, pick }) {
  const listID = freshID("choices");
  const input = h("input", {
    id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-expanded": "false",
    "aria-autocomplete": "list", "aria-controls": listID, "aria-describedby": describedby, placeholder: placeholder || "Choose",
    dataset: { focus },
  });
  const list = h("ul", { id: listID, role: "listbox", hidden: true, "aria-label": "Choices" });
  const node = h("div", { class: "combobox" }, input, list);
  let chosen = "";
  let choices = [];
  let at = -1;
  let asked = 0;
  let due = false; // something was typed since the last question

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    at = -1;
  };
  const point = (i) => {
    at = choices.length === 0 ? -1 : (i + choices.length) % choices.length;
    [...list.querySelectorAll("[role=option]")].forEach((option, j) => {
      option.setAttribute("aria-selected", String(j === at));
      if (j !== at) return;
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    });
  };
  const open = (answer) => {
    choices = answer.problem ? [] : answer;
    list.replaceChildren(...rows(answer, listID, (i) => take(i)));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    point(choices.length > 0 ? 0 : -1);
  };
  const ask = async () => {
    due = false;
    const mine = ++asked;
    const answer = await suggest(typed());
    if (mine === asked && document.activeElement === input) open(answer);
  };
  const typed = () => (input.value === chosen ? "" : input.value.trim());
  const later = debounced(() => due && ask(), 160);
  const take = (i) => {
    if (!choices[i]) return;
    asked += 1; // an answer on its way comes too late
    due = false;
    const words = typed();
    chosen = input.value = choices[i].text;
    close();
    pick(choices[i], words);
  };

  input.addEventListener("input", () => {
    due = true;
    later();
  });
  input.addEventListener("click", () => list.hidden && ask());
  input.addEventListener("focus", () => input.select());
  input.addEventListener("blur", () => {
    asked += 1;
    due = false;
    close();
    input.value = chosen;
  });
  input.addEventListener("keydown", (event) => {
    const shown = !list.hidden;
    if (event.key === "ArrowDown") shown ? point(at + 1) : ask();
    else if (event.key === "ArrowUp" && shown) point(at - 1);
    else if (event.key === "Enter") shown && take(at);
    else if (event.key === "Escape" && shown) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  node.show = (text) => {
    if (chosen === text) return;
    if (document.activeElement !== input || input.value === chosen) input.value = text;
    chosen = text;
  };
  return node;
}

/** rows are the options with the labels of their groups between them. */
function rows(answer, listID, take) {
  if (answer.problem) return [h("li", { class: "none", role: "presentation" }, answer.problem)];
  if (answer.length === 0) return [h("li", { class: "none", role: "presentation" }, "No results")];
  const out = [];
  let group = "";
  answer.forEach((choice, i) => {
    if (choice.group && choice.group !== group) out.push(h("li", { class: "group", role: "presentation" }, choice.group));
    group = choice.group;
    out.push(
      h(
        "li",
        {
          id: `${listID}-${i}`, role: "option", "aria-selected": "false",
          onmousedown: (event) => event.preventDefault(), // the field keeps the focus
          onclick: () => take(i),
        },
        choice.text,
        choice.description && h("small", {}, choice.description),
      ),
    );
  });
  return out;
}
