// Self-managed clusters on the page: the person who plays owns the nodes, too, and edits their keystore.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, be, browse, open, phone, picture, play, press, submit } from "./stage.js";

test("a person puts the key into the keystore of each node", { timeout: 120_000 }, async () => {
  const stage = await play("--self-managed", ...(process.env.PLAYGROUND_REAL ? ["--real"] : []));
  const browser = await browse();
  try {
    const page = await open(browser, stage.url);
    const messages = page.getByRole("log", { name: "Messages" });
    const coach = page.getByRole("region", { name: "What to do next" });
    const shell = page.getByRole("form", { name: "A shell on each node" });
    await coach.getByText("search-dc is to search the products of archive-dc").waitFor();
    await page.locator("details.cluster summary").filter({ hasText: "archive-dc" }).getByText("self-managed").waitFor();
    assert.equal(await page.locator("details.cluster").count(), 2, "others than the two are shown");
    await picture(page, "self-managed-start");
    await submit(await ask(page, { local: "search-dc", remote: "archive-dc", indices: "products-*" }));
    await messages.getByText("Waiting for approval").waitFor();
    await be(page, "Bob");
    await press(page, "Approve");
    await messages.getByText("Waiting for a person").waitFor();
    await coach.getByText("Press Show me the key").waitFor();
    await press(page, "Show me the key");
    const modal = page.getByRole("dialog", { name: "The key" });
    await modal.waitFor();
    const [command, key] = await modal.locator("pre").allInnerTexts();
    await modal.getByRole("button", { name: "Close", exact: true }).last().click();

    await coach.getByText("Run the command on each node").waitFor();
    await shell.getByLabel("run").fill("rm -rf /");
    await shell.getByRole("button", { name: "Run" }).click();
    await page.getByText("paste the command as the bot shows it").waitFor();
    await shell.getByLabel("run").fill(command);
    await shell.getByLabel("the key").fill(key);
    await picture(page, "self-managed-shell");
    await shell.getByRole("button", { name: "Run" }).click();
    await page.getByText("Run on each node of search-dc.").waitFor();
    await press(page, "Done");
    await messages.getByText("Connected and verified").waitFor({ timeout: 60_000 });
    await coach.getByRole("button", { name: "Search" }).click();
    await page.getByText("documents through the connection").waitFor();
    await page.getByText("document 1 of products-2025").waitFor();
    await picture(page, "self-managed-connected");
    await page.setViewportSize(phone);
    await picture(page, "self-managed-phone");
    assert.deepEqual(page.complaints, []);
  } finally {
    await browser.close();
    await stage.stop();
  }
});
