// What every browser test needs: a Chromium with a person in front of it, an organisation at Xero that nobody else
// uses, and a look at each step in every appearance.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Installed outside of the repository, so `import` would not find them.
const installed = createRequire(join(process.env.BROWSER_MODULES, "here"));
const { chromium } = installed("playwright-core");
const axe = readFileSync(installed.resolve("axe-core/axe.min.js"), "utf8");

export const { APP, FRONT } = process.env;
const { XERO_CONTROL, CHROMIUM, SCREENSHOTS } = process.env;

// No sandbox: the tests run as root in containers, and Chromium refuses its sandbox there. It calls nothing by itself.
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--lang=en-GB",
];

/** A machine that compiles beside it is slow; what has not happened by then does not happen. */
const PATIENCE = 40_000;

/** Every appearance that the pages have to be good in. */
const LOOKS = [
  ["light", { width: 1280, height: 860 }],
  ["dark", { width: 1280, height: 860 }],
  ["light", { width: 360, height: 740 }],
  ["dark", { width: 360, height: 740 }],
];

/** One call of the stand-in's controls: what happens at Xero without the service. */
export async function control(method, path, body) {
  const options = { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) };
  const answer = await fetch(`${XERO_CONTROL}${path}`, options);
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}

/** Somebody with a login and organisations at Xero. */
export async function somebody(...organisations) {
  const name = crypto.randomUUID().slice(0, 8);
  const { id: user } = await control("POST", "/users", { email: `${name}@console.example`, given_name: "Sam", family_name: name });
  const tenants = {};
  for (const organisation of organisations) {
    const { id } = await control("POST", "/organisations", { name: organisation, members: { [user]: "standard" } });
    tenants[organisation] = id;
  }
  return { name, user, tenants, account: `acc_${name}` };
}

/** One call of the API with a token of the local issuer, as somebody. */
export async function api(person, method, path, body) {
  const who = new URLSearchParams({ account: person.account, user: person.signIn ?? person.account });
  // Node does not know the names below localhost that browsers know.
  const token = await (await fetch(`${APP.replace("app.localhost", "127.0.0.1")}/_local/token?${who}`)).text();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${FRONT}${path}`, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json().catch(() => undefined) };
}

/** How the connection of somebody stands. */
export const statusOf = async (person) => (await api(person, "GET", "/connection")).body.status;

/** Notes where the callback sends the browser: what an attacker would like to have. */
export function watchCallback(desk) {
  const seen = [];
  desk.context.on("response", (response) => {
    if (response.url().startsWith(`${FRONT}/oauth/callback`)) seen.push(response.headers().location);
  });
  return seen;
}

/** What is in the fragment of an address. */
export const confirmationIn = (address) => new URL(address).hash.replace("#confirmation=", "");

/** Runs a story in a browser of its own; what the page itself got wrong fails it. */
export const inBrowser = (name, story) => inBrowsers([name], story);

/** Runs a story in several browsers at once, each with a folder of its own for what it keeps: people who share nothing. */
export async function inBrowsers(names, story, { flags = [], preferences } = {}) {
  const open = [];
  try {
    for (const name of names) open.push(await launch(name, flags, preferences));
    const desks = open.map(({ desk }) => desk);
    try {
      await story(...desks);
    } catch (error) {
      for (const desk of desks) await desk.shoot("FAILED");
      throw error;
    }
    for (const desk of desks) assert.deepEqual(desk.wrong, []);
  } finally {
    for (const { desk, folder } of open) {
      await desk.context.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** How often a browser is started that dies before it shows anything; nothing of ours has run by then. */
const STARTS = 3;

async function launch(name, flags, preferences) {
  for (let start = 1; ; start += 1) {
    try {
      return await launchOnce(name, flags, preferences);
    } catch (error) {
      if (start === STARTS) throw error;
      console.log(`the browser died at its start and is started again: ${error.message.split("\n")[0]}`);
    }
  }
}

async function launchOnce(name, flags, preferences) {
  const folder = mkdtempSync(join(tmpdir(), "profile-"));
  if (preferences) {
    mkdirSync(join(folder, "Default"));
    writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify(preferences));
  }
  const [colorScheme, viewport] = LOOKS[0];
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM, args: [...FLAGS, ...flags], locale: "en-GB", reducedMotion: "reduce", colorScheme, viewport,
  });
  context.setDefaultTimeout(PATIENCE);
  return { folder, desk: new Desk(name, context, context.pages()[0] ?? (await context.newPage())) };
}

/** The person's desk: the console in one tab, Xero in others. */
class Desk {
  steps = 0;
  wrong = [];

  constructor(name, context, page) {
    Object.assign(this, { name, context, page });
    mkdirSync(SCREENSHOTS, { recursive: true });
    this.watch(page);
  }

  watch(page) {
    page.on("pageerror", (error) => this.wrong.push(String(error)));
    // A refusal by the service is part of some stories; the page says it to the person.
    page.on("console", (said) => {
      if (said.type() === "error" && !said.text().startsWith("Failed to load resource")) this.wrong.push(said.text());
    });
  }

  /** Another tab of the same browser, as a desk of its own. */
  async tab() {
    return new Desk(this.name, this.context, await this.context.newPage());
  }

  /** Opens the console for somebody. */
  async open(person) {
    this.person = person;
    const who = new URLSearchParams({ account: person.account, user: person.signIn ?? person.account });
    await this.page.goto(`${APP}/?${who}`);
    await this.page.locator("#strip:not(:empty)").waitFor();
  }

  async view(name) {
    await this.page.getByRole("navigation").getByRole("link", { name }).click();
    await this.page.getByRole("heading", { level: 1, name }).waitFor();
  }

  /** From Connect to Xero's page, signed in as the person. */
  async goToConsent(button = "Connect to Xero") {
    const { page, person } = this;
    await page.getByRole("button", { name: button, exact: true }).click();
    await page.waitForURL("**/identity/connect/authorize?**");
    return this.openConsent(page.url(), person);
  }

  /** Opens a consent, signed in at Xero as somebody; gives its address, which could be sent to anybody. */
  async openConsent(url, person) {
    await this.page.goto(`${url}&stand_in_user=${person.user}`);
    return url;
  }

  /** Allows every organisation that is offered, on Xero's page. */
  async allowHere() {
    for (const box of await this.page.getByRole("checkbox").all()) await box.check();
    await this.page.getByRole("button", { name: "Allow access" }).click();
  }

  /** Connects: begins, allows every organisation, and is back in the app. */
  async allow(button) {
    await this.goToConsent(button);
    await this.allowHere();
    await this.page.waitForURL(`${APP}/#connection`);
  }

  /** Takes the suggestions, but leaves some categories without an account. */
  async map({ without = [] } = {}) {
    const { page } = this;
    await page.getByRole("button", { name: "Use all suggestions" }).click();
    for (const category of without) await page.getByLabel(category, { exact: true }).selectOption("");
    await page.getByRole("button", { name: "Save mapping" }).click();
    await this.said("The mapping is saved");
  }

  /** Fills in the form of a new invoice: three sessions at 150 pounds and VAT. */
  async fillInvoice(customer = "Tidewater Studios Ltd") {
    const { page } = this;
    await page.getByRole("button", { name: "New invoice" }).click();
    const form = page.getByRole("dialog", { name: "New invoice" });
    await form.getByLabel("Customer").fill(customer);
    await form.getByLabel("Description").fill("Studio session");
    await form.getByLabel("Quantity").fill("3");
    await form.getByLabel("Price", { exact: true }).fill("150.00");
    return form;
  }

  /** Makes an invoice and gives its number. */
  async invoice(button = "Create and send") {
    await this.view("Invoices");
    const form = await this.fillInvoice();
    const number = await form.getByLabel("Number").inputValue();
    await form.getByRole("button", { name: button, exact: true }).click();
    await form.waitFor({ state: "detached" });
    return number;
  }

  /** The invoice in its list, once it is in a state. */
  async invoiceIs(number, state, patience) {
    const item = this.page.locator(`#invoice-list [data-number="${number}"]`);
    await isIn(item, state, patience);
    return item;
  }

  /** What was said, to those who see and to those who hear. */
  async said(sentence) {
    await this.page.locator("#outcome", { hasText: sentence }).waitFor();
    assert.match(await this.page.locator("#heard").textContent(), new RegExp(sentence));
  }

  async focused() {
    return this.page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
  }

  /** Judges and photographs a step in every look, and goes back to the first. */
  async step(name, page = this.page) {
    this.steps += 1;
    for (const [scheme, viewport] of LOOKS) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize(viewport);
      const look = `${scheme}-${viewport.width < 600 ? "phone" : "desktop"}`;
      assert.deepEqual(await violations(page), [], `${name}, ${look}`);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wider <= 0, `${name}, ${look}: ${wider} pixels wider than the screen`);
      await this.shoot(`${name}-${look}`, page);
    }
    await page.emulateMedia({ colorScheme: LOOKS[0][0] });
    await page.setViewportSize(LOOKS[0][1]);
  }

  async shoot(name, page = this.page) {
    const path = join(SCREENSHOTS, `${this.name}-${String(this.steps).padStart(2, "0")}-${name}.png`);
    await page.screenshot({ path, animations: "disabled", fullPage: true });
  }
}

/** Waits until a document's pill says this, and nothing more: "In Xero" is also in "Not in Xero". */
export const isIn = (item, state, timeout) =>
  item.locator(".pill").and(item.getByText(state, { exact: true })).waitFor({ timeout });

/** What axe-core finds, of any weight. */
async function violations(page) {
  // As a user script of the driver: the page's own policy lets nothing else in.
  await page.evaluate(`${axe};undefined`);
  const { violations: found } = await page.evaluate(() => globalThis.axe.run());
  return found.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((node) => node.html).join(" ")}`);
}
