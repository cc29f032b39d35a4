// Every block and element, drawn in a browser; and every golden file of what the bot says.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { browse, open, play } from "./stage.js";

let stage, browser, page;
before(async () => {
  stage = await play();
  browser = await browse();
  page = await open(browser, stage.url);
  // Goldens name files that this workspace does not have.
  const dot = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");
  await page.route("**/files/*", (route) => route.fulfill({ contentType: "image/png", body: dot }));
});
after(async () => {
  await browser?.close();
  await stage?.stop();
});

const text = (words) => ({ type: "plain_text", text: words });
const markup = (words) => ({ type: "mrkdwn", text: words });
const option = (value, words = value) => ({ text: text(words), value });
const rich = (...elements) => ({ type: "rich_text", elements: [{ type: "rich_text_section", elements }] });
const input = (element, more = {}) => ({ type: "input", block_id: "b", label: text("Label"), element: { action_id: "a", ...element }, ...more });

/** draw draws blocks as a modal would, and returns what is there: text, a skeleton of tags, and roles with names. */
function draw(blocks, values = {}, errors = {}) {
  return page.evaluate(
    async ({ blocks, values, errors }) => {
      const { drawBlocks } = await import(`${location.origin}/assets/js/blocks.js`);
      const place = document.createElement("div");
      document.querySelector("#dialogs").replaceChildren(place);
      globalThis.did = [];
      const here = {
        book: { me: "U1", user: (id) => ({ U1: "Alice", U2: "Bob" })[id] ?? id, group: () => "approvers", channel: () => "clusters" },
        values, errors, flushes: new Set(), act: async (doing) => (globalThis.did.push(doing), doing.do === "suggest" ? { options: [{ text: "logs-prod", value: "p" }] } : {}),
      };
      drawBlocks(place, blocks, here);
      const skeleton = (node) => {
        const name = node.tagName.toLowerCase();
        const inner = [...node.children].map(skeleton).filter(Boolean).join("");
        return ["span", "div"].includes(name) ? inner : `<${name}>${inner}`;
      };
      return { text: place.innerText.replace(/\s+/g, " ").trim(), tags: [...place.children].map(skeleton).join("") };
    },
    { blocks, values, errors },
  );
}

const texts = {
  "header": [{ type: "header", text: text("Connect :x: it") }, "Connect ❌ it", "<h3>"],
  "divider": [{ type: "divider" }, "", "<hr>"],
  "section with text": [{ type: "section", text: markup("*Hello* <@U2>") }, "Hello @Bob", "<strong>"],
  "section with fields": [{ type: "section", fields: [markup("*A*\none"), text("two")] }, "A one two", "<strong><br>"],
  "section with accessory": [{ type: "section", text: markup("Pick"), accessory: { type: "button", action_id: "a", text: text("Go") } }, "Pick Go", "<button>"],
  "context": [{ type: "context", elements: [{ type: "image", image_url: "https://example.com/x.png", alt_text: "a cat" }, markup("by <@U1>")] }, "a cat by @Alice", ""],
  "image": [{ type: "image", image_url: "https://example.com/x.png", alt_text: "a graph", title: text("Graph") }, "Graph a graph", "<figure><figcaption>"],
  "actions": [{ type: "actions", elements: [{ type: "button", action_id: "x", text: text("One") }, { type: "overflow", action_id: "y", options: [option("1", "More")] }] }, "One ⋯", "<button><details><summary><button>"],
  "rich_text": [
    {
      type: "rich_text",
      elements: [
        { type: "rich_text_section", elements: [{ type: "text", text: "bold", style: { bold: true } }, { type: "user", user_id: "U2" }, { type: "emoji", name: "tada" }, { type: "link", url: "https://example.com", text: "there" }] },
        { type: "rich_text_list", style: "ordered", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "first" }] }] },
        { type: "rich_text_list", style: "bullet", indent: 1, elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "dot" }] }] },
        { type: "rich_text_preformatted", elements: [{ type: "text", text: "code\nmore" }] },
        { type: "rich_text_quote", elements: [{ type: "text", text: "said" }, { type: "broadcast", range: "here" }] },
      ],
    },
    "bold@Bob🎉there first dot code more said@here",
    "<p><strong><a><ol><li><ul><li><pre><br><blockquote>",
  ],
  "task_card": [{ type: "task_card", task_id: "1", title: "Check", status: "error", details: rich({ type: "text", text: "tried twice" }), output: rich({ type: "text", text: "no answer" }) }, "✕ Check tried twice no answer", "<p><p><p>"],
  "plan": [{ type: "plan", title: "Done: 1 step", tasks: [{ type: "task_card", task_id: "1", title: "Check", status: "complete" }] }, "Done: 1 step ✓ Check", "<p><ol><li><p>"],
  "alert": [{ type: "alert", level: "warning", text: text("Careful") }, "Careful", ""],
  "markdown": [{ type: "markdown", text: "plain enough" }, "plain enough", ""],
  "table": [{ type: "table", rows: [[{ type: "raw_text", text: "h" }], [{ type: "raw_text", text: "c" }]] }, "h c", "<table><thead><tr><th><tbody><tr><td>"],
  "data_table": [
    {
      type: "data_table", caption: "C", page_size: 1,
      rows: [
        [{ type: "raw_text", text: "h" }, { type: "raw_text", text: "do" }],
        [{ type: "raw_number", value: 1 }, { type: "raw_text", text: "Go" }],
        [rich({ type: "text", text: "second" }), { type: "raw_text", text: "–" }],
      ],
    },
    "C h do 1 Go Previous rows 1–1 of 2 Next rows",
    "<table><caption><thead><tr><th><th><tbody><tr><td><td><tr><td><p><td><button><button>",
  ],
  "card": [{ type: "card", title: text("T"), body: markup("_b_") }, "T b", "<h4><em>"],
  "container": [{ type: "container", title: text("T"), child_blocks: [{ type: "divider" }] }, "T", "<h4><hr>"],
  "a block that is not known": [{ type: "carousel" }, "(a carousel block, which the playground does not draw)", ""],
};

for (const [name, [block, want, tags]] of Object.entries(texts)) {
  test(`block: ${name}`, async () => {
    const got = await draw([block]);
    assert.equal(got.text, want);
    assert.equal(got.tags, tags);
  });
}

const inModal = () => page.locator("#dialogs");
const did = () => page.evaluate(() => globalThis.did);
const values = (value) => ({ b: { a: value } });

test("element: texts, numbers and dates are filled in and typed", async () => {
  for (const [type, value, typed, role] of [
    ["plain_text_input", { value: "was" }, "is", "textbox"], ["email_text_input", { value: "a@b.c" }, "d@e.f", "textbox"],
    ["url_text_input", { value: "https://a" }, "https://b", "textbox"], ["number_input", { value: "1" }, "2", "textbox"],
    ["datepicker", { selected_date: "2026-01-02" }, "2026-02-03", ""], ["timepicker", { selected_time: "10:00" }, "11:30", ""],
  ]) {
    await draw([input({ type }, { hint: text("A hint"), optional: true })], values(value));
    const field = role ? inModal().getByRole(role, { name: "Label (optional)" }) : inModal().getByLabel("Label (optional)");
    assert.equal(await field.inputValue(), Object.values(value)[0], type);
    await field.fill(typed);
    await page.waitForFunction(() => globalThis.did.length > 0);
    assert.deepEqual((await did()).at(-1), { block: "b", field: "a", do: "fill", text: typed });
  }
});

test("element: a text of many lines", async () => {
  const got = await draw([input({ type: "plain_text_input", multiline: true })], values({ value: "one\ntwo" }));
  assert.equal(got.tags, "<label><textarea><p>");
  assert.equal(await inModal().getByRole("textbox").inputValue(), "one\ntwo");
});

test("element: a moment", async () => {
  await draw([input({ type: "datetimepicker" })], values({ selected_date_time: 1772443800 }));
  assert.equal(await inModal().getByLabel("Label").inputValue(), "2026-03-02T09:30");
});

test("element: static_select with groups", async () => {
  const options = { option_groups: [{ label: text("Days"), options: [option("30", "30 days"), option("90", "90 days")] }] };
  await draw([input({ type: "static_select", ...options })], values({ selected_option: option("90", "90 days") }));
  const field = inModal().getByRole("combobox", { name: "Label" });
  assert.equal(await field.inputValue(), "90");
  await field.selectOption("30");
  assert.deepEqual(await did(), [{ block: "b", field: "a", do: "choose", option: "30" }]);
});

for (const type of ["external_select", "users_select", "conversations_select", "channels_select"]) {
  test(`element: ${type} is chosen by keyboard`, async () => {
    await draw([input({ type })], values({ type }));
    const field = inModal().getByRole("combobox", { name: "Label" });
    await field.fill("log");
    await inModal().getByRole("option", { name: "logs-prod" }).waitFor();
    await field.press("Enter");
    assert.deepEqual((await did()).at(-1), { block: "b", field: "a", do: "choose", text: "log", option: "p" });
    assert.equal(await field.inputValue(), "logs-prod");
    await field.press("ArrowDown");
    await inModal().getByRole("option").first().waitFor();
    await field.press("Escape");
    assert.equal(await inModal().getByRole("option").count(), 0);
  });
}

test("element: a select of many shows what is chosen", async () => {
  await draw([input({ type: "multi_users_select" })], values({ type: "multi_users_select", selected_users: ["U1", "U2"] }));
  await inModal().getByRole("button", { name: "Remove @Bob" }).click();
  assert.deepEqual(await did(), [{ block: "b", field: "a", do: "choose", text: "@Bob", option: "U2" }]);
});

for (const [type, role] of [["checkboxes", "checkbox"], ["radio_buttons", "radio"]]) {
  test(`element: ${type}`, async () => {
    await draw([input({ type, options: [option("1", "One"), option("2", "Two")] })], values({ selected_options: [option("1", "One")] }));
    const group = inModal().getByRole(type === "checkboxes" ? "group" : "radiogroup", { name: "Label" });
    assert.equal(await group.getByRole(role, { name: "One" }).isChecked(), true);
    await group.getByRole(role, { name: "Two" }).check();
    assert.deepEqual(await did(), [{ block: "b", field: "a", do: "choose", option: "2" }]);
  });
}

test("element: an overflow menu", async () => {
  await draw([{ type: "actions", block_id: "b", elements: [{ type: "overflow", action_id: "a", options: [option("1", "Withdraw")] }] }]);
  await inModal().locator("summary").click();
  await inModal().getByRole("button", { name: "Withdraw" }).click();
  assert.deepEqual(await did(), [{ block: "b", field: "a", do: "choose", option: "1" }]);
});

test("a picture that was uploaded is shown, and described", async () => {
  await draw([{ type: "image", slack_file: { id: "F1" }, alt_text: "Who reads whom" }]);
  const drawn = inModal().getByRole("img", { name: "Who reads whom" });
  assert.equal(await drawn.evaluate((img) => img.decode().then(() => img.naturalWidth)), 1);
});

test("an error stands beside its field", async () => {
  await draw([input({ type: "plain_text_input" })], {}, { b: "This is a required field" });
  const field = inModal().getByRole("textbox", { name: "Label" });
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  const described = await field.evaluate((node) => node.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" "));
  assert.match(described, /This is a required field/);
});

test("outside text is never markup", async () => {
  const evil = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>';
  const got = await draw([
    { type: "header", text: text(evil) }, { type: "section", text: markup(evil.replaceAll("<", "&lt;").replaceAll(">", "&gt;")), fields: [text(evil)] },
    { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: evil }, { type: "link", url: "javascript:globalThis.hacked=1", text: "press me" }] }] },
    { type: "section", text: markup("<javascript:globalThis.hacked=1|press me>") },
  ]);
  assert.ok(!/<img>|<script>|<a>/.test(got.tags), got.tags);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
});

const goldens = new URL("../../../../handlers/testdata/", import.meta.url);

for (const name of readdirSync(goldens).filter((one) => one.endsWith(".golden.json"))) {
  test(`golden: ${name}`, async () => {
    const golden = JSON.parse(readFileSync(new URL(name, goldens)));
    for (const b of golden.blocks ?? []) {
      const got = await draw([b]);
      const text = got.text.replaceAll("(not in the playground)", ""); // of links that lead out of it
      assert.ok(!text.includes("the playground"), `${b.type}: ${got.text}`);
      assert.ok(b.type === "divider" || got.text !== "" || got.tags.includes("<img>"), `a ${b.type} block is drawn empty: ${JSON.stringify(b)}`);
      assert.ok(!/:[a-z_]{3,}:/.test(got.text), `an emoji has no picture: ${got.text}`);
    }
  });
}

test("the page has not complained", () => assert.deepEqual(page.complaints, []));
