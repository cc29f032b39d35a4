// The page as people use it, in a browser, with the bot behind it. Screenshots of the main views are kept on the way.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { ask, be, browse, command, desktop, documented, open, openThread, phone, picture, play, press, submit } from "./stage.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => (browser = await browse()));
after(() => browser?.close());

/** story plays one on a stage of its own. */
function story(name, { args = [], view = {} }, tell) {
  test(name, { timeout: 90_000 }, async () => {
    const stage = await play(...args);
    try {
      const page = await open(browser, stage.url, view);
      await tell(page, stage);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    } finally {
      await stage.stop();
    }
  });
}

/** accessible holds what is on the page against the rules of WCAG 2.1 A and AA that axe can check. */
async function accessible(page, where) {
  await page.evaluate(axe); // through the debugger: the page's own policy would not let it in
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join("; ")}`), [], where);
}

const messages = (page) => page.getByRole("log", { name: "Messages" });
const coach = (page) => page.getByRole("region", { name: "What to do next" });
const cluster = (page, name) => page.locator("details.cluster").filter({ has: page.locator("summary b").getByText(name, { exact: true }) });

/** search runs one from the panel and returns what it says. */
async function search(page, target) {
  const form = page.getByRole("form", { name: "Search across clusters" });
  await form.getByRole("textbox").fill(target);
  await form.getByRole("button", { name: "Search" }).click();
}

story("from the command to a verified search", {}, async (page) => {
  await coach(page).getByText("type /remote-cluster connect").waitFor();
  await cluster(page, "metrics-eu").waitFor();
  await picture(page, "start");
  const field = page.getByRole("combobox", { name: "Message #clusters" });
  await field.pressSequentially("/rem");
  await page.getByRole("option", { name: /^\/remote-cluster connect/ }).waitFor();
  await picture(page, "slash-command");
  await accessible(page, "typing a command");
  await field.fill("");
  const modal = await ask(page);
  await accessible(page, "the connect form");
  await picture(page, "connect-form");
  await documented(page, "form");
  await submit(modal);
  await messages(page).getByText("Waiting for approval").waitFor();
  await picture(page, "request");
  await coach(page).getByRole("button", { name: "Be Bob" }).click();
  await messages(page).getByRole("button").filter({ hasText: "Show plan" }).click();
  await page.getByRole("dialog").waitFor();
  await page.getByText("+ the key may search metrics-*").waitFor();
  const calls = page.getByText("PATCH", { exact: false }).filter({ hasText: "/keystore" });
  assert.equal(await calls.isVisible(), false, "the calls are not folded away");
  await picture(page, "plan");
  await page.getByText(/\d+ calls, step by step/).click();
  await calls.waitFor();
  await accessible(page, "the plan");
  await picture(page, "plan-calls");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await press(page, "Approve");
  const thread = await openThread(page);
  await thread.getByText("Done: 4 steps").waitFor();
  await messages(page).getByText("Connected and verified").waitFor();
  await coach(page).getByRole("button", { name: "Search" }).click();
  await page.getByText("documents through the connection").waitFor();
  await page.getByText("document 1 of metrics-2026.10").waitFor();
  await cluster(page, "logs-prod").getByText("cluster.remote.metrics-eu.credentials").waitFor();
  await accessible(page, "after the search");
  await picture(page, "connected");
  await page.getByRole("button", { name: "Close thread" }).click();
  await documented(page, "connected");
  await search(page, "metrics-eu:billing-*");
  await page.locator(".hits").getByText(/No document|security_exception|unauthorized/).waitFor();
  await page.getByRole("tab", { name: "API calls" }).click();
  await page.getByRole("list", { name: "API calls, newest first" }).getByText("/_security/cross_cluster/api_key").first().waitFor();
  await accessible(page, "the calls");
  await picture(page, "api-calls");
  await page.getByRole("tab", { name: "Break something" }).click();
  await page.getByText("The bot runs: process").waitFor();
  await accessible(page, "the faults");
  await picture(page, "faults");
});

story("two people approve, and those who may not are told so", { args: ["--approvals", "2"] }, async (page) => {
  await submit(await ask(page));
  await messages(page).getByText("Needs 2 approvals").waitFor();
  await press(page, "Approve");
  await page.getByText("Only visible to you").waitFor();
  await be(page, "Mallory");
  assert.equal(await page.getByText("Only visible to you").count(), 0, "Mallory sees what only Alice was told");
  await press(page, "Approve");
  await page.getByText("Only visible to you").waitFor();
  await picture(page, "stranger");
  await be(page, "Bob");
  await press(page, "Approve");
  await messages(page).getByText("1 of 2 approved").waitFor();
  await be(page, "Carol");
  await press(page, "Approve");
  await messages(page).getByText("Connected and verified").waitFor();
  await cluster(page, "logs-prod").getByText("connected", { exact: true }).waitFor();
});

story("a connect takes one command, two typed fields and one press for each approver", {}, async (page) => {
  await page.evaluate(() => {
    window.did = { typed: new Set(), pressed: [] };
    document.addEventListener("input", ({ target }) => window.did.typed.add(target.closest("dialog") ? target.name || target.id : "command"), true);
    document.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button && /Approve|Confirm|Yes/.test(button.textContent)) window.did.pressed.push(button.textContent.trim());
    }, true);
  });
  await command(page, "/remote-cluster connect logs-prod to metrics-eu");
  const modal = page.getByRole("dialog", { name: "Connect two clusters" });
  await modal.getByText(/Filled in: alias .*:9443/).waitFor();
  await modal.getByRole("textbox", { name: "Indices that may be searched" }).fill("metrics-*");
  await modal.getByRole("textbox", { name: "What is it for?" }).fill("Dashboards.");
  await submit(modal);
  await be(page, "Bob");
  await press(page, "Approve");
  await messages(page).getByText("Connected and verified").waitFor();
  const did = await page.evaluate(() => ({ typed: [...window.did.typed].filter((field) => field !== "command"), pressed: window.did.pressed }));
  assert.ok(did.typed.length > 0 && did.typed.length <= 3, `typed into ${did.typed}`);
  assert.deepEqual(did.pressed, ["Approve"]);
});

story("what is typed stays while settings are shown and hidden", {}, async (page) => {
  const modal = await ask(page, { indices: "metrics-*", reason: "Dashboards." });
  for (const press of ["Advanced settings…", "Hide advanced settings"]) {
    await modal.getByRole("button", { name: press }).click();
    await modal.getByRole("textbox", { name: "Alias" }).waitFor({ state: press.startsWith("Hide") ? "detached" : "visible" });
    assert.equal(await modal.getByRole("textbox", { name: "Indices that may be searched" }).inputValue(), "metrics-*");
    assert.equal(await modal.getByRole("textbox", { name: "What is it for?" }).inputValue(), "Dashboards.");
  }
});

story("an error stands beside its field", {}, async (page) => {
  const modal = await ask(page, { indices: "", reason: "" });
  await modal.getByRole("button", { name: "Advanced settings…" }).click();
  const alias = modal.getByRole("textbox", { name: "Alias" });
  await alias.fill("has spaces and : colons");
  await submit(modal);
  await modal.getByText("This is a required field").waitFor();
  await modal.getByRole("textbox", { name: "What is it for?" }).fill("Dashboards.");
  await submit(modal);
  await alias.and(page.locator("[aria-invalid=true]")).waitFor();
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
  await accessible(page, "a form with errors");
  await picture(page, "field-errors");
  assert.equal(await alias.inputValue(), "has spaces and : colons", "what was typed is lost");
  await alias.fill("metrics");
  await modal.getByRole("textbox", { name: "Indices that may be searched" }).fill("metrics-*");
  await submit(modal);
  await messages(page).getByText("Waiting for approval").waitFor();
});

story("killed in the middle, the bot goes on", {}, async (page) => {
  await submit(await ask(page));
  await page.getByRole("tab", { name: "Break something" }).click();
  const first = await page.getByText("The bot runs: process").textContent();
  await page.getByRole("button", { name: "Kill it in the middle of the next change" }).click();
  await page.getByText("waits for its moment").waitFor();
  await be(page, "Bob");
  await press(page, "Approve");
  await page.getByText("The bot is dead").waitFor();
  await picture(page, "killed");
  await page.getByText(/The bot runs: process \d+, started 2 times/).waitFor();
  assert.notEqual(await page.getByText("The bot runs: process").textContent(), first);
  await messages(page).getByText("Connected and verified").waitFor({ timeout: 40_000 });
  await page.getByRole("tab", { name: "Clusters" }).click();
  const keys = cluster(page, "metrics-eu");
  await keys.getByText("cross_cluster · valid").waitFor();
  assert.equal(await keys.getByText("cross_cluster · valid").count(), 1, "one key is valid");
  assert.equal(await keys.getByText("cross_cluster · no longer valid").count(), 1, "the key that nobody knew is revoked");
  await search(page, "metrics-eu:metrics-*");
  await page.getByText("documents through the connection").waitFor();
  await picture(page, "recovered");
});

story("Redis away: the bot says so, and comes back", {}, async (page) => {
  await page.getByRole("tab", { name: "Break something" }).click();
  await page.getByRole("button", { name: "Redis away for 10 s" }).click();
  const modal = await ask(page);
  await submit(modal);
  await modal.getByRole("alert").or(modal.locator(".error:not([hidden])")).first().waitFor();
  await picture(page, "redis-away");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "End: Redis away" }).click().catch(() => {}); // it may be back by now
  const again = await ask(page);
  const asked = messages(page).getByText("Waiting for approval");
  for (let i = 0; i < 20 && !(await asked.isVisible()); i++) {
    // The bot's connections come back within a second or two; until then the form says so and keeps what was typed.
    if (await again.isVisible()) await submit(again);
    await page.waitForTimeout(500);
  }
  await asked.waitFor();
});

story("keys that expire: the change is rolled back", {}, async (page) => {
  await submit(await ask(page));
  await page.getByRole("tab", { name: "Break something" }).click();
  await page.getByRole("button", { name: "Expired keys" }).click();
  await be(page, "Bob");
  await press(page, "Approve");
  await messages(page).getByText(/[Rr]olled back/).first().waitFor({ timeout: 60_000 });
  await page.getByRole("tab", { name: "Clusters" }).click();
  await page.waitForFunction(() => ![...document.querySelectorAll("details.cluster")].find((d) => d.querySelector("b").textContent === "logs-prod").textContent.includes("cluster.remote."));
  await picture(page, "taken-back");
});

story("the app's own places: home tab and direct messages", {}, async (page) => {
  await submit(await ask(page));
  await messages(page).getByText("Waiting for approval").waitFor();
  await be(page, "Bob");
  await page.getByRole("button", { name: /⇄ remote-cluster/ }).click();
  await page.getByRole("tab", { name: "Home" }).click();
  await page.locator(".home").getByText("Connect logs-prod to metrics-eu").first().waitFor();
  await accessible(page, "the home tab");
  await picture(page, "app-home");
  await page.getByRole("tab", { name: "Messages" }).click();
  await page.getByRole("combobox", { name: "Message remote-cluster" }).waitFor();
});

story("by keyboard alone", {}, async (page) => {
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.labels?.[0]?.textContent ?? document.activeElement?.textContent);
  const field = page.getByRole("combobox", { name: "Message #clusters" });
  await field.focus();
  await page.keyboard.type("/");
  await page.keyboard.press("Tab"); // takes the first word offered
  assert.match(await field.inputValue(), /^\/remote-cluster \w+ /);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.match(await focused(), /Local deployment/);
  await page.keyboard.type("logs-p");
  await page.getByRole("dialog").getByRole("option", { name: /logs-prod/ }).waitFor();
  await page.keyboard.press("Enter");
  assert.match(await page.getByRole("dialog").getByRole("combobox", { name: "Local deployment" }).inputValue(), /^logs-prod/);
  for (let i = 0; i < 40; i += 1) { // the focus stays in the dialog
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null));
  }
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("radio", { name: "Alice" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("radio", { name: "Bob", checked: true }).waitFor();
});

story("in the dark", { view: { colorScheme: "dark" } }, async (page) => {
  await accessible(page, "dark: start");
  const modal = await ask(page);
  await accessible(page, "dark: the form");
  await picture(page, "dark-form");
  await submit(modal);
  await messages(page).getByText("Waiting for approval").waitFor();
  await be(page, "Bob");
  await press(page, "Approve");
  await (await openThread(page)).getByText("Done: 4 steps").waitFor();
  await messages(page).getByText("Connected and verified").waitFor();
  await accessible(page, "dark: connected");
  await picture(page, "dark");
  await page.getByRole("tab", { name: "Break something" }).click();
  await page.getByText("The bot runs: process").waitFor();
  await page.getByRole("button", { name: "Close thread" }).click();
  await documented(page, "dark");
});

/** fits tells whether nothing stands out of the page's sides. */
async function fits(page) {
  const wide = await page.evaluate(() => [...document.querySelectorAll("body *")].filter((n) => n.checkVisibility() && n.getBoundingClientRect().right > innerWidth + 1 && !n.closest("#sidebar, pre")).map((n) => `${n.tagName} ${n.className} ${n.getBoundingClientRect().right}`));
  assert.deepEqual(wide, []);
}

story("on a phone", { view: { viewport: phone } }, async (page) => {
  await coach(page).getByText("type /remote-cluster connect").waitFor();
  await fits(page);
  const modal = await ask(page);
  await fits(page);
  await picture(page, "phone-form");
  await submit(modal);
  await messages(page).getByText("Waiting for approval").waitFor();
  await accessible(page, "phone: the request");
  await coach(page).getByRole("button", { name: "Be Bob" }).click();
  await fits(page);
  await picture(page, "phone-request");
  await press(page, "Approve");
  await messages(page).getByText("Connected and verified").waitFor();
  await coach(page).getByRole("button", { name: "Search" }).click();
  await page.getByText("documents through the connection").waitFor();
  await fits(page);
  await picture(page, "phone-clusters");
  await page.getByRole("button", { name: "Workspace" }).click();
  await (await openThread(page)).getByText("Done: 4 steps").waitFor();
  await fits(page);
  await picture(page, "phone-thread");
});

story("two windows see the same workspace", {}, async (page, stage) => {
  const other = await open(browser, stage.url, { viewport: desktop });
  await be(other, "Bob");
  await page.getByRole("combobox", { name: "Message #clusters" }).fill("Morning, *Bob*");
  await page.keyboard.press("Enter");
  await messages(other).getByText("Morning, Bob").waitFor();
  await command(page, "/remote-cluster help");
  await page.getByText("Only visible to you").waitFor();
  assert.equal(await other.getByText("Only visible to you").count(), 0);
  await other.context().close();
});

test("without the token there is no page", async () => {
  const stage = await play();
  try {
    const answer = await fetch(new URL("/", stage.url));
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /token/);
  } finally {
    await stage.stop();
  }
});
