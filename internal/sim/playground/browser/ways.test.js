// The ways through the page: the coach, the field to write in, the focus, links, menus and what is kept on a reload.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, be, browse, command, open, picture, play, press, submit } from "./stage.js";

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

const messages = (page) => page.getByRole("log", { name: "Messages" });
const coach = (page) => page.getByRole("region", { name: "What to do next" });
const field = (page) => page.getByRole("combobox", { name: "Message #clusters" });
const approve = (page) => messages(page).getByRole("button", { name: /^Approve: / });

/** focused says what has the focus: a label, or the tag. */
const focused = (page) =>
  page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.slice(0, 40) ?? document.activeElement.tagName);
const settled = (page) => page.waitForFunction(() => document.activeElement !== document.body);

/** pretend makes the page believe in a state of the world, without waiting for the bot to bring it about. */
function pretend(page, links, search) {
  return page.evaluate(
    async ({ links, search }) => {
      const { store, change } = await import(`${location.origin}/assets/js/store.js`);
      change((s) => {
        s.world = store.world.map((d) => (d.name === "logs-prod" ? { ...d, links } : d));
        s.search = search;
      });
    },
    { links, search },
  );
}

story("the coach keeps the thread", {}, async (page) => {
  await coach(page).getByText("type /remote-cluster connect").waitFor();
  await pretend(page, { m: { connected: true, to: "metrics-eu" } }); // by certificate: there is no key
  await coach(page).getByRole("button", { name: "Search" }).waitFor();
  await pretend(page, { m: { connected: false, to: "metrics-eu" } });
  await coach(page).getByText("is lost").waitFor();
  await coach(page).getByRole("button", { name: "Type it for me" }).click();
  await page.waitForFunction(() => document.querySelector(".composer-field").value === "/remote-cluster diagnose logs-prod/m");
  await field(page).fill("");
  await submit(await ask(page));
  await pretend(page, { m: { connected: true, to: "metrics-eu" } }, { deployment: "logs-prod", target: "m:metrics-*", hits: [{}] });
  await coach(page).getByRole("button", { name: "Be Bob" }).click(); // what waits comes before what stands
  await coach(page).getByText("press Approve").waitFor();
});

story("the coach leads from one approver to the next", { args: ["--approvals", "2"] }, async (page) => {
  await submit(await ask(page));
  await coach(page).getByRole("button", { name: "Be Bob" }).click();
  await coach(page).getByText("press Approve").waitFor();
  await press(page, "Approve");
  await coach(page).getByText("waits for somebody else").waitFor();
  await coach(page).getByRole("button", { name: "Be Carol" }).click();
  await coach(page).getByText("press Approve").waitFor();
});

story("a command is sent as it was typed", {}, async (page) => {
  await field(page).fill("/remote-cluster HELP ece-prod");
  await field(page).press("Enter");
  await page.waitForFunction(() => document.querySelector(".composer-field").value === "");
  await page.getByText("Only visible to you").first().waitFor();
  await field(page).fill("/remote-cluster");
  await field(page).press("Enter");
  await page.waitForFunction(() => document.querySelector(".composer-field").value === "");
  await page.waitForFunction(() => document.querySelectorAll(".message.ephemeral").length === 2);
  await field(page).fill("/remote-cluster");
  await field(page).press("ArrowDown");
  await field(page).press("Enter"); // what was pointed at
  assert.match(await field(page).inputValue(), /^\/remote-cluster \w+/);
  await field(page).fill("/foo bar");
  await field(page).press("Enter");
  await page.getByRole("alert").getByText("/foo is not a valid command").waitFor();
  assert.equal(await field(page).inputValue(), "/foo bar", "what was typed is lost");
});

story("the focus is never lost", {}, async (page) => {
  await command(page, "/remote-cluster connect");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await settled(page);
  assert.equal(await focused(page), "Message #clusters", "a form was closed");
  await submit(await ask(page));
  await approve(page).waitFor();
  await settled(page);
  assert.equal(await focused(page), "Message #clusters", "a form was sent");
  const plan = messages(page).getByRole("button").filter({ hasText: "Show plan" });
  await plan.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await settled(page);
  assert.match(await focused(page), /Show plan/, "it does not go back to where it came from");
  await be(page, "Bob");
  await press(page, "Approve");
  await approve(page).waitFor({ state: "detached" });
  await settled(page);
  assert.equal(await focused(page), "Message #clusters", "the button that had it is gone");
});

story("a message's menu has the app's shortcuts", {}, async (page) => {
  await submit(await ask(page));
  await approve(page).waitFor();
  const card = messages(page).getByRole("article").last();
  await card.hover();
  await card.locator("summary", { hasText: "⋮" }).click();
  await picture(page, "message-menu");
  await card.getByRole("button", { name: /Diagnose this connection/ }).click();
  await page.getByText("Only visible to you").waitFor();
});

story("links lead to places in the page, or say that they lead nowhere", {}, async (page) => {
  await submit(await ask(page));
  await approve(page).waitFor();
  const drawn = await page.evaluate(async () => {
    const { store } = await import(`${location.origin}/assets/js/store.js`);
    const { mrkdwn } = await import(`${location.origin}/assets/js/text.js`);
    const m = store.slack.messages.find((one) => one.blocks);
    const place = document.createElement("p");
    place.id = "links";
    document.getElementById("conversation").append(place);
    const link = (url) => mrkdwn(`<${url}|thread>`, {});
    place.append(...link(`https://simulated.slack.com/archives/${m.channel}/p${m.ts.replace(".", "")}`), ...link("https://x.ece.example:9243/app"), ...link("http://127.0.0.1:1/deployments/1"), ...link("https://www.elastic.co/docs"));
    return [...place.children].map((node) => `${node.tagName} ${node.getAttribute("href")} ${node.target ?? ""} ${node.textContent}`);
  });
  assert.deepEqual(drawn, ["A #  thread", "SPAN null  thread (not in the playground)", "SPAN null  thread (not in the playground)", "A https://www.elastic.co/docs _blank thread"]);
  await page.locator("#links a").first().click();
  await page.getByRole("complementary", { name: "Thread" }).waitFor();
});

story("what people type is shown as typed, and reactions as emoji", {}, async (page) => {
  await field(page).fill("<b>x</b> & *bold*");
  await field(page).press("Enter");
  await messages(page).getByText("<b>x</b> & bold").waitFor();
  await page.evaluate(async () => {
    const { change } = await import(`${location.origin}/assets/js/store.js`);
    change((s) => (s.slack.messages.at(-1).reactions = { eyes: ["U1", "U2"] }));
  });
  await messages(page).getByRole("img", { name: "eyes" }).waitFor();
});

story("what was read stays read when the page is loaded again", {}, async (page) => {
  for (const text of ["one", "two"]) {
    await field(page).fill(text);
    await field(page).press("Enter");
    await messages(page).getByText(text, { exact: true }).waitFor();
  }
  await be(page, "Bob");
  await messages(page).getByText("two").waitFor();
  await page.getByRole("button", { name: "# general" }).click();
  await page.waitForURL(/at=C0GENERAL/);
  await page.reload();
  await page.locator("body[data-ready]").waitFor();
  await page.getByRole("button", { name: "# clusters", exact: true }).waitFor(); // with a count it would be called "# clusters 2 new"
});

story("a search through a lost connection says why it found nothing", {}, async (page) => {
  const form = page.getByRole("form", { name: "Search across clusters" });
  await form.getByRole("combobox").selectOption("security-siem");
  await form.getByRole("textbox").fill("archive-logs:logs-*");
  await form.getByRole("button", { name: "Search" }).click();
  await page.getByText("documents through the connection").waitFor();
  await page.getByRole("tab", { name: "Break something" }).click();
  await page.getByRole("button", { name: "Expired keys" }).click();
  await page.getByRole("button", { name: "End: Expired keys" }).waitFor();
  await page.getByRole("tab", { name: "Clusters" }).click();
  await form.getByRole("button", { name: "Search" }).click();
  await page.locator(".hits").getByText("archive-logs was skipped: ").waitFor();
  await picture(page, "skipped");
});

story("a phone shows the conversation", { view: { viewport: { width: 390, height: 844 } } }, async (page) => {
  await coach(page).getByText("type /remote-cluster connect").waitFor();
  const top = () => page.evaluate(() => document.querySelector("#conversation .messages").getBoundingClientRect().top);
  assert.ok((await top()) < 844 / 6, `what stands above the messages takes ${await top()} px`);
  await submit(await ask(page));
  await approve(page).waitFor();
  const atEnd = () => page.waitForFunction(() => {
    const log = document.querySelector("#conversation .messages");
    return log.scrollHeight > log.clientHeight && log.scrollHeight - log.scrollTop - log.clientHeight < 2;
  });
  await atEnd();
  await coach(page).getByRole("button", { name: "The whole text" }).click();
  await coach(page).getByRole("button", { name: "The whole text", expanded: true }).waitFor();
  await atEnd(); // though there is less room
  const small = () => page.evaluate(() =>
    [...document.querySelectorAll("button, summary, select, .field, [role=option]")]
      .map((one) => [one, one.getBoundingClientRect()])
      .filter(([one, at]) => at.width > 0 && at.height < 44 && getComputedStyle(one).visibility !== "hidden")
      .map(([one, at]) => `${one.className || one.tagName} ${one.getAttribute("aria-label") ?? one.textContent.slice(0, 20)}: ${at.height}`));
  assert.deepEqual(await small(), [], "too small for a thumb");
  await messages(page).locator("summary[aria-label='More actions']").last().click();
  const menu = page.locator(".more[open] .menu");
  await menu.waitFor();
  const edge = await menu.evaluate((one) => { const at = one.getBoundingClientRect(); return [at.left >= 0, at.right <= innerWidth, at.bottom <= innerHeight, one.contains(document.elementFromPoint(at.left + 20, at.bottom - 12))]; });
  assert.deepEqual(edge, [true, true, true, true], "the last menu is cut off");
  await picture(page, "phone-menu");
  await page.keyboard.press("Escape");
  await command(page, "/remote-cluster connect");
  await page.getByRole("dialog").waitFor();
  assert.deepEqual(await small(), [], "too small for a thumb, in the form");
  await picture(page, "phone-form");
  await page.keyboard.press("Escape");
  await be(page, "Carol");
});

story("the coach speaks of what is there", {}, async (page) => {
  await be(page, "Bob");
  await command(page, "/remote-cluster connect");
  await page.getByRole("dialog").waitFor();
  assert.doesNotMatch(await coach(page).innerText(), /logs-prod/, "it tells Bob what Alice chooses");
  await page.keyboard.press("Escape");
  await be(page, "Alice");
  await submit(await ask(page));
  await approve(page).waitFor();
  await be(page, "Bob");
  await messages(page).getByRole("button", { name: /^Reject: / }).click();
  await page.getByRole("dialog").getByRole("textbox").fill("metrics of this year only");
  await page.getByRole("dialog").getByRole("button", { name: "Reject", exact: true }).click();
  await coach(page).getByText("Rejected. Alice can edit the request and ask again.").waitFor();
  await coach(page).getByRole("button", { name: "Be Alice" }).click();
  await coach(page).getByText("Press “Edit and request again”").waitFor();
});

story("what has gone is not shown as there", {}, async (page) => {
  const search = { deployment: "logs-prod", target: "m:metrics-*", alias: "m", hits: [{ _index: "metrics", _source: { message: "one document" } }] };
  await pretend(page, { m: { connected: true, to: "metrics-eu" } }, search);
  await page.locator(".hits").getByText("one document").waitFor();
  const badge = page.locator(".cluster").filter({ hasText: "logs-prod" }).locator("summary .pill");
  assert.equal(await badge.innerText(), "connected");
  await pretend(page, { m: { connected: true, to: "metrics-eu", key_ended: true } }, search);
  await badge.and(page.locator(".bad")).getByText("key not valid").or(badge.filter({ hasText: "key not valid" })).first().waitFor();
  await pretend(page, {}, search);
  await page.locator(".hits").getByText("The connection m of logs-prod has gone since that search.").waitFor();
  assert.equal(await page.locator(".hits").getByText("one document").count(), 0);
});

story("there is something to list, adopt and migrate", {}, async (page) => {
  await command(page, "/remote-cluster list");
  for (const alias of ["metrics", "archive", "archive-logs"]) await messages(page).getByText(alias, { exact: true }).waitFor();
  await command(page, "/remote-cluster status security-siem/metrics");
  await messages(page).getByText("keeping the existing entries).").waitFor(); // the end of what is wrong: nothing is cut off
  await command(page, "/remote-cluster migrate security-siem/metrics");
  await page.getByRole("dialog").waitFor();
});
