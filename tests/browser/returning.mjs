// Coming back from Xero: signed out meanwhile, as somebody else, without a second factor, twice, by the back button, in
// two tabs, and in a browser that keeps nothing.

import assert from "node:assert/strict";
import test from "node:test";

import { APP, confirmationIn, inBrowser, inBrowsers, somebody, statusOf, watchCallback } from "./support.mjs";

test("who was signed out meanwhile signs in and is connected; the value is never in an address", () =>
  inBrowser("signed-out", async (desk) => {
    const { page } = desk;
    const person = await somebody("Harbour Sound Ltd");
    await desk.open(person);
    await desk.goToConsent();
    const other = await desk.tab();
    await other.page.goto(APP);
    await other.page.getByRole("button", { name: "Sign out" }).click();
    await other.page.waitForURL(`${APP}/sign-in**`);
    const addresses = [];
    page.on("framenavigated", (frame) => addresses.push(frame.url()));
    const returned = watchCallback(desk);
    await desk.allowHere();
    await page.getByRole("heading", { name: "Sign in to finish" }).waitFor();
    await desk.step("sign-in-to-finish");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(`${APP}/sign-in?back=%2Freturn`);
    await desk.step("sign-in");
    await page.getByLabel("Account").fill(person.account);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
    const confirmation = confirmationIn(returned[0]);
    const after = addresses.filter((address) => address.includes(confirmation)).map((address) => new URL(address).pathname);
    assert.ok(after.every((path) => path === "/return"), `only the callback's own redirect: ${after}`);
    assert.ok(!addresses.some((address) => address.includes("sign-in") && address.includes(confirmation)));
  }));

test("a colleague, or another account, cannot finish what somebody else began in this browser", () =>
  inBrowser("colleague", async (desk) => {
    const { page } = desk;
    const person = await somebody("Harbour Sound Ltd");
    await desk.open(person);
    await desk.goToConsent();
    const other = await desk.tab();
    await other.open({ ...person, signIn: "usr_colleague" });
    await desk.allowHere();
    await page.getByRole("heading", { name: "You are signed in as somebody else" }).waitFor();
    await page.getByText(`${person.account} began to connect`).waitFor();
    await desk.step("colleague");
    assert.equal(await statusOf(person), "disconnected");
    // The one who began signs in, and it goes on.
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Account").fill(person.account);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
  }));

test("who has no second factor is asked to sign in again, and the confirmation waits", () =>
  inBrowser("second-factor", async (desk) => {
    const { page } = desk;
    const person = await somebody("Harbour Sound Ltd");
    await desk.open(person);
    await desk.goToConsent();
    // The sign-in that the page finds when it comes back had a password alone.
    const weak = JSON.stringify({ amr: ["pwd"] });
    await page.route("**/_local/token?**", (route) => route.continue({ url: `${route.request().url()}&${new URLSearchParams({ claims: weak })}` }));
    await desk.allowHere();
    await page.getByRole("heading", { name: "Sign in to finish" }).waitFor();
    await desk.step("second-factor");
    assert.equal(await statusOf(person), "disconnected");
    await page.unroute("**/_local/token?**");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Account").fill(person.account);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
  }));

test("an answer that is lost, a reload and a second post end in one connection", () =>
  inBrowser("reload", async (desk) => {
    const { page } = desk;
    const person = await somebody("Harbour Sound Ltd");
    await desk.open(person);
    await desk.goToConsent();
    let posts = 0;
    // The service connects, and the page never hears of it: twice.
    await page.route("**/connection/confirmation", async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      posts += 1;
      if (posts > 2) return route.continue();
      await route.fetch();
      return route.abort();
    });
    await desk.allowHere();
    await page.getByRole("heading", { name: "Not finished yet" }).waitFor();
    await desk.step("not-finished");
    await page.reload();
    await page.getByText("Nothing is lost: try again").waitFor();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
    assert.equal(posts, 3);
    const told = await page.evaluate((account) => fetch(`/_local/notifications?account=${account}`).then((answer) => answer.json()), person.account);
    assert.equal(told.filter(({ type }) => type === "connection.connected").length, 1, "it was exchanged once");
  }));

test("with two tabs each comes back with its own consent, and the second says what changed", () =>
  inBrowser("tabs", async (first) => {
    const person = await somebody("Harbour Sound Ltd");
    await first.open(person);
    const second = await first.tab();
    await second.open(person);
    await first.goToConsent();
    await second.goToConsent();
    await first.allowHere();
    await first.page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
    await second.allowHere();
    await second.page.getByRole("heading", { name: "Still connected to Harbour Sound Ltd" }).waitFor();
    await second.page.getByRole("button", { name: "Connect to Xero" }).waitFor();
    await second.step("second-tab");
    assert.equal(await statusOf(person), "connected");
  }));

test("going back to Xero's page and allowing again shows how it stands", () =>
  inBrowser("back", async (desk) => {
    const { page } = desk;
    await desk.open(await somebody("Harbour Sound Ltd"));
    await desk.allow();
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
    await page.goBack();
    await page.waitForURL("**/identity/connect/authorize?**");
    await desk.allowHere();
    await page.waitForURL(`${APP}/#connection`);
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
  }));

test("a browser that keeps nothing says so before anybody goes to Xero", () =>
  inBrowsers(["blocked"], async (desk) => {
    const { page } = desk;
    await page.goto(APP);
    await page.waitForURL(`${APP}/sign-in**`);
    await page.getByLabel("Account").fill("acc_blocked");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This browser keeps nothing for this site").waitFor();
    await desk.step("blocked");
    // Who comes back from Xero all the same has no key there.
    await page.goto(`${APP}/return?connection=confirm#confirmation=${"a".repeat(43)}`);
    await page.getByRole("heading", { name: "Start again here" }).waitFor();
    assert.equal(page.url(), `${APP}/return`);
  }, { preferences: { profile: { default_content_setting_values: { cookies: 2 } } } }));
