// Connecting in the real world: the app, the API and Xero are three sites to the browser, and people open links in other
// browsers and send them to others.

import assert from "node:assert/strict";
import test from "node:test";

import { APP, FRONT, api, confirmationIn, inBrowser, inBrowsers, somebody, statusOf, watchCallback } from "./support.mjs";

test("it connects from site to site, without a cookie, with third parties blocked", () =>
  inBrowsers(["sites"], async (desk) => {
    const { page, context } = desk;
    const sites = new Map();
    context.on("request", async (request) => {
      const { origin } = new URL(request.url());
      const site = (await request.allHeaders().catch(() => ({})))["sec-fetch-site"];
      if (request.method() !== "OPTIONS" && request.resourceType() === "fetch") sites.set(origin, site);
    });
    const returned = watchCallback(desk);
    await desk.open(await somebody("Harbour Sound Ltd", "Quayside Coaching"));
    await desk.goToConsent();
    const [app, front, xero] = [APP, FRONT, page.url()].map((address) => new URL(address).hostname);
    assert.equal(new Set([app, front, xero]).size, 3, "three host names");
    await desk.allowHere();
    await page.getByRole("radio", { name: "Quayside Coaching" }).check();
    assert.equal(page.url(), `${APP}/#connection`);
    await page.getByRole("button", { name: "Use this organisation" }).click();
    await page.locator("#strip", { hasText: "Connected to Quayside Coaching" }).waitFor();
    assert.equal(sites.get(FRONT), "cross-site", "the browser holds app and API for different sites");
    assert.deepEqual(await context.cookies(), [], "nothing depends on a cookie");

    // What came back is nowhere any more: not in the page's storage, not in the history.
    assert.equal(returned.length, 1);
    const confirmation = confirmationIn(returned[0]);
    assert.ok(confirmation.length > 40, "the callback hands a confirmation over in the fragment");
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    assert.ok(!kept.includes(confirmation) && !kept.includes("xero-browser-key"), kept);
    const session = await context.newCDPSession(page);
    const { entries } = await session.send("Page.getNavigationHistory");
    assert.ok(!JSON.stringify(entries).includes(confirmation), "the history remembers no confirmation");
  }, { flags: ["--test-third-party-cookie-phaseout"] }));

test("who cancels at Xero is told that nothing was connected, once", () =>
  inBrowser("cancel", async (desk) => {
    const { page } = desk;
    await desk.open(await somebody("Harbour Sound Ltd"));
    await desk.goToConsent();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("You cancelled at Xero. Nothing was connected").waitFor();
    await page.getByRole("heading", { name: "Nothing was connected" }).waitFor();
    assert.equal(await desk.focused(), "title", "a screen reader begins there");
    assert.equal(page.url(), `${APP}/return`);
    await desk.step("cancelled");
    await page.reload();
    await page.getByText("Nothing is connected. Connect again.").waitFor();
    assert.equal(await page.getByText("You cancelled").count(), 0, "it is said once");
    await desk.allow();
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();

    // Who is connected and cancels another try still is.
    await desk.goToConsent("Connect another organisation");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: "Still connected to Harbour Sound Ltd" }).waitFor();
    await page.getByRole("button", { name: "Back to Sessional" }).click();
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
  }));

test("every reason of the callback is said in words, and with a way on", () =>
  inBrowser("reasons", async (desk) => {
    const { page } = desk;
    await desk.open(await somebody("Harbour Sound Ltd"));
    const words = {
      expired: "open for more than an hour", unknown_state: "used already or is too old",
      refused_by_xero: "Xero did not allow", try_again: "could not answer just now", never_heard: "could not be made",
    };
    for (const [reason, sentence] of Object.entries(words)) {
      await page.goto(`${APP}/return?connection=error&reason=${reason}`);
      await page.getByText(sentence).waitFor();
      await page.getByRole("button", { name: "Connect to Xero" }).waitFor();
      assert.equal(page.url(), `${APP}/return`);
    }
  }));

test("a link that is opened in another browser connects nothing, and starts again there", () =>
  inBrowsers(["desktop", "phone"], async (desktop, phone) => {
    const person = await somebody("Harbour Sound Ltd");
    await desktop.open(person);
    const link = await desktop.goToConsent();
    const returned = watchCallback(phone);
    await phone.open(person);
    await phone.openConsent(link, person);
    await phone.allowHere();
    await phone.page.getByRole("heading", { name: "Start again here" }).waitFor();
    await phone.page.getByText("begun in another browser or app, and nothing was connected").waitFor();
    await phone.step("start-again");
    assert.equal(phone.page.url(), `${APP}/return`);

    // Burned: not even the browser that began can use it now.
    await desktop.page.goto(`${APP}/return#confirmation=${confirmationIn(returned[0])}`);
    await desktop.page.getByText("Nothing was connected. Start again here").waitFor();
    assert.equal(await statusOf(person), "disconnected");

    await phone.allow();
    await phone.page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
  }));

/** Somebody sends their own link to somebody else, who allows it. */
async function sendLink(attacker, victim, mallory, alice) {
  await attacker.open(mallory);
  const link = await attacker.goToConsent();
  const returned = watchCallback(victim);
  await victim.openConsent(link, alice);
  await victim.allowHere();
  return returned;
}

/** Neither the address that the victim sees nor what was in it before helps the sender. */
async function assertNothingGained(attacker, victim, mallory, alice, returned) {
  assert.equal(victim.page.url(), `${APP}/return`, "the address has nothing to paste back");
  const { page } = attacker;
  await page.goto(victim.page.url());
  await page.getByText("Nothing is connected").waitFor();
  await page.goto(`${APP}/return#confirmation=${confirmationIn(returned[0])}`);
  await page.getByRole("heading", { name: "Nothing was connected" }).waitFor();
  for (const person of [mallory, alice]) assert.equal(await statusOf(person), "disconnected", person.account);
  assert.equal((await api(mallory, "GET", "/connection/organisations")).body.organisations.length, 0);
}

test("a link that is sent to somebody who is signed in connects neither account", () =>
  inBrowsers(["sender", "signed-in"], async (attacker, victim) => {
    const [mallory, alice] = [await somebody("Mallory Ltd"), await somebody("Alice Ltd")];
    await victim.open(alice);
    const returned = await sendLink(attacker, victim, mallory, alice);
    await victim.page.getByText("If somebody sent you this link, close this page").waitFor();
    await assertNothingGained(attacker, victim, mallory, alice, returned);
  }));

test("a link that is sent to somebody who is signed out, or has no account at all, asks nobody to sign in", () =>
  inBrowsers(["sender", "nobody"], async (attacker, victim) => {
    const [mallory, alice] = [await somebody("Mallory Ltd"), await somebody("Alice Ltd")];
    const returned = await sendLink(attacker, victim, mallory, alice);
    await victim.page.getByRole("heading", { name: "Start again here" }).waitFor();
    assert.equal(await victim.page.getByText("Sign in").count(), 0);
    await assertNothingGained(attacker, victim, mallory, alice, returned);
  }));

test("a link that is sent to somebody who is connecting at this moment connects neither account", () =>
  inBrowsers(["sender", "connecting"], async (attacker, victim) => {
    const [mallory, alice] = [await somebody("Mallory Ltd"), await somebody("Alice Ltd")];
    await victim.open(alice);
    await victim.goToConsent();
    const returned = await sendLink(attacker, victim, mallory, alice);
    await victim.page.getByText("Nothing was connected. Start again here").waitFor();
    await assertNothingGained(attacker, victim, mallory, alice, returned);
  }));
