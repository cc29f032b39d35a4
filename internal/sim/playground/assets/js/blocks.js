// Blocks of Block Kit, after Slack's docs "Blocks". A screen is {book, values, errors, act, flushes}: who is who, what is
// filled in, what is wrong beside which field, and how to do something.
import { freshID, h, keep } from "./dom.js";
import { element, picture, show } from "./elements.js";
import { link, mrkdwn, plain, richText, textObject } from "./text.js";

/** drawBlocks makes parent show blocks, and keeps what did not change. */
export function drawBlocks(parent, blocks, here) {
  keep(
    parent,
    (blocks ?? []).map((b, i) => ({ key: b.block_id ?? `block ${i}`, looks: JSON.stringify(b), make: () => block(b, here) })),
  );
  for (const node of parent.children) {
    show(node, here);
    node.showError?.(here);
  }
}

/** block draws one block. */
export function block(b, here) {
  const node = (kinds[b.type] ?? unknown)(b, here);
  node.classList.add("block", `block-${b.type}`);
  return node;
}

const kinds = {
  header: (b, here) => h("h3", {}, textObject(b.text, here.book)),
  divider: () => h("hr"),
  section,
  context: (b, here) => h("div", {}, (b.elements ?? []).map((e) => (e.type === "image" ? picture(e) : h("span", {}, textObject(e, here.book))))),
  actions: (b, here) => h("div", { role: "group" }, (b.elements ?? []).map((e) => element(b, e, here))),
  context_actions: (b, here) => h("div", {}, (b.elements ?? []).map((e) => element(b, e, here))),
  input,
  image: (b, here) => h("figure", {}, b.title && h("figcaption", {}, textObject(b.title, here.book)), picture(b)),
  rich_text: (b, here) => h("div", {}, richText(b, here.book)),
  markdown: (b) => h("div", {}, plain(b.text)),
  alert: (b, here) => h("div", { class: `level-${b.level ?? "default"}`, role: "note" }, textObject(b.text, here.book)),
  plan,
  task_card: task,
  table,
  data_table: dataTable,
  video: (b, here) => h("figure", {}, h("figcaption", {}, textObject(b.title, here.book)), h("span", { class: "picture" }, b.alt_text)),
  container,
  card: (b, here) =>
    h("div", {}, b.title && h("h4", {}, textObject(b.title, here.book)), h("div", {}, textObject(b.body, here.book)), h("div", { class: "row" }, (b.actions ?? []).map((e) => element(b, e, here)))),
};

/** unknown says that a block is not drawn, rather than to hide it. */
function unknown(b) {
  return h("div", { class: "unknown" }, `(a ${b.type} block, which the playground does not draw)`);
}

function section(b, here) {
  return h(
    "div",
    {},
    h(
      "div",
      { class: "section-text" },
      b.text && h("div", {}, textObject(b.text, here.book)),
      b.fields && h("div", { class: "fields" }, b.fields.map((f) => h("div", {}, textObject(f, here.book)))),
    ),
    b.accessory && h("div", { class: "accessory" }, element(b, b.accessory, here)),
  );
}

/** container folds its blocks away where the app says so. */
function container(b, here) {
  const title = b.title && textObject(b.title, here.book);
  const children = (b.child_blocks ?? []).map((one) => block(one, here));
  if (!b.is_collapsible) return h("div", {}, title && h("h4", {}, title), children);
  return h("details", { open: !b.default_collapsed }, h("summary", {}, title), children);
}

const grouped = new Set(["checkboxes", "radio_buttons"]);

function input(b, here) {
  const id = freshID("field");
  const hint = freshID("hint");
  const error = freshID("error");
  const group = grouped.has(b.element.type);
  const label = [textObject(b.label, here.book), b.optional && h("span", { class: "optional" }, " (optional)")];
  const field = element(b, b.element, here, { id, describedby: `${error} ${hint}` });
  const problem = h("p", { id: error, class: "error", hidden: true });
  const node = h(
    "div",
    {},
    group ? h("span", { class: "label", id: `${id}-label` }, label) : h("label", { class: "label", for: id }, label),
    field,
    problem,
    b.hint && h("p", { id: hint, class: "hint" }, textObject(b.hint, here.book)),
  );
  if (group) field.setAttribute("aria-labelledby", `${id}-label`);
  const control = field.matches("input, select, textarea") ? field : (field.querySelector("[role=combobox]") ?? field);
  if (!b.optional && !group) control.setAttribute("aria-required", "true");
  node.showError = (now) => {
    const text = now.errors?.[b.block_id] ?? "";
    problem.hidden = text === "";
    if (problem.textContent !== text) problem.textContent = text;
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  return node;
}

const marks = {
  pending: ["○", "waiting"], in_progress: ["", "under way"], complete: ["✓", "done"], error: ["✕", "failed"],
};

function plan(b, here) {
  return h("div", {}, h("p", { class: "plan-title" }, plain(b.title)), h("ol", {}, (b.tasks ?? []).map((one) => h("li", {}, task(one, here)))));
}

function task(b, here) {
  const [mark, word] = marks[b.status] ?? ["○", b.status ?? ""];
  return h(
    "div",
    { class: `task task-${b.status ?? "pending"}` },
    h("span", { class: "task-mark", role: "img", "aria-label": word }, mark),
    h(
      "div",
      {},
      h("p", { class: "task-title" }, plain(b.title)),
      b.details && h("div", { class: "task-details" }, richText(b.details, here.book)),
      b.output && h("div", { class: "task-output" }, richText(b.output, here.book)),
      b.sources && h("p", { class: "task-sources" }, b.sources.map((s) => [link(s.url, s.text ?? s.url), " "])),
    ),
  );
}

function cell(c, tag, here) {
  return h(tag, {}, c?.type === "rich_text" ? richText(c, here.book) : plain(c?.text ?? String(c?.value ?? "")));
}

const tableRow = (row, tag, here) => h("tr", {}, row.map((c) => cell(c, tag, here)));

function table(b, here) {
  const [head, ...rows] = b.rows ?? [];
  return h(
    "div",
    {},
    h("table", {}, head && h("thead", {}, tableRow(head, "th", here)), h("tbody", {}, rows.map((row) => tableRow(row, "td", here)))),
  );
}

/** dataTable is a table that shows some of its rows at a time. */
function dataTable(b, here) {
  const node = table(b, here);
  node.querySelector("table").prepend(h("caption", {}, plain(b.caption)));
  node.tabIndex = 0; // it may be wider than the screen, and is then scrolled by keys as well
  const rows = [...node.querySelectorAll("tbody tr")];
  const size = b.page_size ?? 5;
  if (rows.length <= size) return node;
  let page = 0;
  const says = h("span", { "aria-live": "polite" });
  const turn = (label, by) => h("button", { type: "button", class: "button", onclick: () => shows(page + by) }, label);
  const [back, on] = [turn("Previous rows", -1), turn("Next rows", 1)];
  const shows = (next) => {
    page = next;
    rows.forEach((row, i) => (row.hidden = Math.floor(i / size) !== page));
    says.textContent = `${page * size + 1}–${Math.min(rows.length, (page + 1) * size)} of ${rows.length}`;
    back.disabled = page === 0;
    on.disabled = (page + 1) * size >= rows.length;
  };
  shows(0);
  node.append(h("div", { class: "row" }, back, says, on));
  return node;
}

/** content draws a message's blocks, or its text if it has none. */
export function content(parent, m, here) {
  if (m.blocks?.length) drawBlocks(parent, m.blocks, here);
  else parent.replaceChildren(h("div", { class: "block" }, mrkdwn(m.text, here.book)));
}
