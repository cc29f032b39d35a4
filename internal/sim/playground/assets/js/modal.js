// The modal on top of the person's screen. What is open is the workspace's to say; closing asks it.
import { drawBlocks } from "./blocks.js";
import { coaching } from "./coach.js";
import { fill, freshID, h } from "./dom.js";
import { remembered } from "./focus.js";
import { act } from "./server.js";
import { book, store } from "./store.js";

let open = null; // {id, dialog, body, tip, here, submit, back}

export function drawModal() {
  const v = store.slack?.modals?.at(-1);
  const before = open && v?.id !== open.id ? open : null;
  if (before) {
    before.dialog.close();
    before.dialog.remove();
    open = null;
  }
  if (!v) return before?.back();
  const fresh = !open;
  if (fresh) open = Object.assign(make(v), { back: before?.back ?? remembered() });
  update(v);
  if (fresh) {
    open.dialog.showModal();
    (open.body.querySelector("input, select, textarea, button") ?? open.dialog).focus();
  }
}

function make(v) {
  const title = freshID("modal");
  const parts = { id: v.id, title: h("h2", { id: title }), body: h("div", { class: "modal-body" }), problem: h("p", { class: "problem", role: "alert", hidden: true }) };
  parts.cancel = h("button", { type: "button", class: "button", onclick: () => act({ do: "close" }) });
  parts.submit = h("button", { type: "submit", class: "button primary" });
  parts.tip = h("p", { class: "tip" });
  parts.here = { book: book(), flushes: new Set(), act };
  const form = h(
    "form",
    { novalidate: true, onsubmit: submit },
    h("header", { class: "modal-head" }, parts.title, h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => act({ do: "dismiss" }) }, "×")),
    parts.problem,
    parts.body,
    h("footer", { class: "dialog-foot" }, parts.cancel, parts.submit),
  );
  parts.dialog = h("dialog", { class: "modal", "aria-labelledby": title }, form, parts.tip);
  parts.dialog.addEventListener("cancel", (event) => {
    if (event.target !== parts.dialog) return;
    event.preventDefault(); // the workspace closes it
    act({ do: "close" });
  });
  document.getElementById("dialogs").append(parts.dialog);
  return parts;
}

function update(v) {
  Object.assign(open.here, { book: book(), values: v.values, errors: v.errors });
  fill(open.title, v.title);
  fill(open.cancel, v.close || "Cancel");
  open.submit.hidden = !v.submit;
  fill(open.submit, v.submit ?? "");
  open.problem.hidden = !v.problem;
  open.problem.textContent = v.problem ?? "";
  const tip = coaching().text;
  open.tip.hidden = !tip;
  open.tip.textContent = tip;
  drawBlocks(open.body, v.blocks, open.here);
}

async function submit(event) {
  event.preventDefault();
  if (open.submit.getAttribute("aria-busy")) return;
  const { submit: button, here, body } = open;
  button.setAttribute("aria-busy", "true");
  try {
    document.activeElement?.blur?.();
    await Promise.all([...here.flushes].map((flush) => flush()));
    const outcome = await act({ do: "submit" });
    if (outcome.errors) setTimeout(() => pointAt(body.querySelector("[aria-invalid=true]")), 60);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** pointAt leads to a field and to the error beside it. */
function pointAt(field) {
  field?.focus();
  field?.closest(".block").scrollIntoView({ block: "nearest" });
}
