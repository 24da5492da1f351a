// What goes wrong at Xero, and what the person is told: each fault by its button, and put right again.

import assert from "node:assert/strict";
import test from "node:test";

import { control, inBrowser, somebody } from "./support.mjs";

/** How long something takes at most that is left alone for a minute, in milliseconds. */
const MINUTES = 240_000;

/** Somebody who is connected and mapped. */
async function ready(desk) {
  const person = await somebody("Harbour Sound Ltd");
  await desk.open(person);
  await desk.allow();
  await desk.map();
  return person.tenants["Harbour Sound Ltd"];
}

async function make(desk, fault) {
  await desk.view("Behind the scenes");
  await desk.page.getByRole("button", { name: `Make it happen (${fault})` }).click();
  await desk.said(`${fault}: done`);
}

async function undo(desk, fault) {
  await desk.view("Behind the scenes");
  await desk.page.getByRole("button", { name: `Undo (${fault})` }).click();
  await desk.said(`${fault}: put right`);
}

test("what the books refuse is said in plain words, and goes when it is put right", () =>
  inBrowser("faults", async (desk) => {
    const { page } = desk;
    const tenant = await ready(desk);

    await make(desk, "Lock the books up to today");
    await desk.step("scenes");
    const locked = await desk.invoice();
    const late = await desk.invoiceIs(locked, "Needs you");
    await late.locator(".notice", { hasText: "in a period that is locked in Xero" }).waitFor();
    await page.locator("#badge", { hasText: "1" }).waitFor();
    await page.getByRole("button", { name: "Dismiss" }).click();
    await desk.step("locked");
    await undo(desk, "Lock the books up to today");
    await desk.view("Invoices");
    await page.getByRole("button", { name: `Edit ${locked}` }).click();
    const change = page.getByRole("dialog", { name: `Invoice ${locked}` });
    await change.getByLabel("Their reference").fill("PO 77");
    await change.getByRole("button", { name: "Save and send" }).click();
    await desk.invoiceIs(locked, "In Xero");
    await page.locator("#badge").waitFor({ state: "hidden" });

    await make(desk, "The next number is taken");
    const clash = await desk.invoice();
    const item = await desk.invoiceIs(clash, "Needs you");
    await item.locator(".notice", { hasText: "Nothing was changed in Xero" }).waitFor();
    await item.getByRole("button", { name: "Edit the invoice" }).click();
    const form = page.getByRole("dialog", { name: `Invoice ${clash}` });
    await form.getByLabel("Number").fill(`${clash}-A`);
    await form.getByRole("button", { name: "Save and send" }).click();
    await desk.invoiceIs(`${clash}-A`, "In Xero");

    await make(desk, "Archive the sales account");
    const archived = await desk.invoice();
    const refused = await desk.invoiceIs(archived, "Needs you");
    await refused.locator(".notice", { hasText: "is archived or deleted" }).waitFor();
    await refused.getByRole("button", { name: "Map accounts" }).click();
    assert.equal(await desk.focused(), "mapping-title");
    await page.getByLabel("Sales invoices").selectOption({ label: "260 Other Revenue" });
    await page.getByRole("button", { name: "Save mapping" }).click();
    await desk.said("The mapping is saved");
    await desk.view("Invoices");
    await page.getByRole("button", { name: `Retry ${archived}` }).click();
    await desk.invoiceIs(archived, "In Xero");
    await undo(desk, "Archive the sales account");
    const { invoices } = await control("GET", `/organisations/${tenant}/totals`);
    assert.equal(invoices, 4, "three of ours and the one that was made by hand");
  }));

test("a connection that is lost at Xero is shown with what waits, and drains when it is authorised again", () =>
  inBrowser("lost", async (desk) => {
    const { page } = desk;
    const tenant = await ready(desk);
    await make(desk, "Disconnect Sessional in Xero");
    const number = await desk.invoice();
    const item = await desk.invoiceIs(number, "Waiting");
    await item.locator(".notice", { hasText: "It waits because Xero no longer accepts" }).waitFor();
    await page.locator("#strip", { hasText: "needs you" }).waitFor();
    await desk.step("waiting");

    await desk.view("Xero connection");
    await page.locator("#connection-state").getByText("no longer connected to Sessional in Xero").waitFor();
    await desk.step("error");
    await desk.allow("Authorise again");
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
    await desk.view("Invoices");
    await desk.invoiceIs(number, "In Xero");
    const { invoices } = await control("GET", `/organisations/${tenant}/totals`);
    assert.equal(invoices, 1);
    await desk.view("Notifications");
    await page.getByRole("heading", { name: "The connection to Xero was lost" }).waitFor();
  }));

test("an answer that is lost makes no second invoice, and Xero's wish to wait is said", () =>
  inBrowser("patience", async (desk) => {
    const { page } = desk;
    const tenant = await ready(desk);
    await make(desk, "The answer is lost");
    const lost = await desk.invoice("Create invoice");
    // Nothing is sent again for a minute, as Xero may still be at it, and what waits is looked at once a minute.
    await desk.invoiceIs(lost, "In Xero", MINUTES);

    await make(desk, "Too many requests");
    const late = await desk.invoice("Create invoice");
    await page.locator("#strip", { hasText: "Xero asked us to wait until" }).waitFor();
    await desk.step("waiting");
    await desk.invoiceIs(late, "In Xero", MINUTES);
    const { invoices } = await control("GET", `/organisations/${tenant}/totals`);
    assert.equal(invoices, 2);
  }));
