// What the tests stand on: the program with its page, and a browser that looks at it.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const program = process.env.PLAYGROUND_PROGRAM ?? `${root}bin/playground`;
const browserPath = execFileSync("sh", ["-c", 'command -v "${CHROMIUM:-chromium}"'], { encoding: "utf8" }).trim();

/** pictures is where screenshots go: CI keeps out/. */
export const pictures = `${root}out/screenshots`;

/** play starts the program and resolves to its page's address and a way to stop it. */
export async function play(...args) {
  const child = spawn(program, ["--ui", "--addr", "127.0.0.1:0", "--open=false", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
      const found = said.match(/http:\S+/);
      if (found) resolve(found[0]);
    });
    child.on("exit", (code) => reject(new Error(`the program ended with ${code}: ${said}`)));
  });
  const stop = () =>
    new Promise((resolve) => {
      child.removeAllListeners("exit");
      child.on("exit", resolve);
      child.kill("SIGTERM");
    });
  return { url, stop };
}

/** browse starts Chromium. */
export function browse() {
  return chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu", "--disable-lcd-text"] });
}

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 380, height: 760 };

/** open shows the page, and fails the test on anything that the page complains about: errors, or what the content
 * security policy forbids. */
export async function open(browser, url, { viewport = desktop, colorScheme = "light" } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
  await page.goto(url);
  await page.locator("body[data-ready]").waitFor();
  return page;
}

/** picture keeps a screenshot. */
export async function picture(page, name) {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}/${name}.png`, animations: "disabled" });
}

/** documented keeps a picture for the documentation: small enough for a repository. */
export async function documented(page, name) {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 1290, height: 690 });
  await picture(page, `docs-${name}`);
  await page.setViewportSize(before);
}

/** be plays another person. */
export async function be(page, name) {
  await page.getByRole("radio", { name }).click();
  await page.getByRole("radio", { name, checked: true }).waitFor();
}

/** command types a slash command into the channel. */
export async function command(page, text) {
  const field = page.getByRole("combobox", { name: "Message #clusters" });
  await field.fill(text);
  await field.press("Enter");
}

/** choose types into a select of the modal and takes the one that begins so. */
export async function choose(page, label, words) {
  const field = page.getByRole("dialog").getByRole("combobox", { name: label });
  await field.click();
  await field.fill(words);
  await page.getByRole("dialog").getByRole("option", { name: new RegExp(`^${words}`) }).click();
}

/** ask fills the connect form in and asks for approval. */
export async function ask(page, { local = "logs-prod", remote = "metrics-eu", indices = "metrics-*", reason = "The shop's dashboards need the host metrics (OPS-1234)." } = {}) {
  await command(page, "/remote-cluster connect");
  const modal = page.getByRole("dialog", { name: "Connect two clusters" });
  await modal.waitFor();
  await choose(page, "Local deployment", local);
  await choose(page, "Remote deployment", remote);
  await modal.getByText(/Filled in: alias .*:9443/).waitFor();
  await modal.getByRole("textbox", { name: "Indices that may be searched" }).fill(indices);
  await modal.getByRole("textbox", { name: "What is it for?" }).fill(reason);
  return modal;
}

/** submit sends the form. */
export async function submit(modal) {
  await modal.getByRole("button", { name: "Request approval" }).click();
}

/** press presses a button of the newest request and says yes. */
export async function press(page, button) {
  await page.getByRole("log", { name: "Messages" }).getByRole("button").filter({ hasText: new RegExp(`^${button}…?$`) }).last().click();
  const confirm = page.getByRole("dialog").getByRole("button", { name: button, exact: true });
  if (await confirm.count()) await confirm.click(); // where the policy asks for a second press
}

/** openThread opens the thread of the newest request. */
export async function openThread(page) {
  await page.getByRole("button", { name: /\d repl/ }).last().click();
  return page.getByRole("complementary", { name: "Thread" });
}
