// The main job, both sides played in a browser.

import assert from "node:assert/strict";
import test from "node:test";

import { APP, control, inBrowser, somebody } from "./support.mjs";

test("connect, choose, map, invoice, pay in Xero, paid", () =>
  inBrowser("journey", async (desk) => {
    const { page } = desk;
    const person = await somebody("Harbour Sound Ltd", "Quayside Coaching");
    await desk.open(person);
    await desk.step("welcome");

    await desk.goToConsent();
    for (const box of await page.getByRole("checkbox").all()) await box.check();
    await desk.step("consent");
    await page.getByRole("button", { name: "Allow access" }).click();

    await page.getByRole("radio", { name: "Harbour Sound Ltd" }).check();
    await desk.step("choose");
    await page.getByRole("button", { name: "Use this organisation" }).click();
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
    await page.getByRole("heading", { name: "Account mapping" }).waitFor();
    assert.equal(page.url(), `${APP}/#connection`, "what the return page brought is gone from the address");

    // A suggestion is shown and not applied.
    const sales = page.getByLabel("Sales invoices");
    assert.equal(await sales.inputValue(), "");
    await page.getByRole("button", { name: "Use 200 Sales for Sales invoices" }).click();
    await desk.step("map");
    await desk.map();
    assert.equal(await desk.focused(), "mapping-title");

    await desk.view("Invoices");
    const form = await desk.fillInvoice();
    await form.getByText("Total £540.00, of which VAT £90.00").waitFor();
    await form.getByRole("button", { name: "Check before sending" }).click();
    await form.getByText("It would be created in Xero").waitFor();
    await form.getByText("requests to Xero").click();
    await form.getByText("SES-000201").first().waitFor();
    await desk.step("form");
    const { invoices, contacts } = await control("GET", `/organisations/${person.tenants["Harbour Sound Ltd"]}/totals`);
    assert.deepEqual([invoices, contacts], [0, 0], "a check sends nothing");
    await form.getByRole("button", { name: "Create and send" }).click();
    await desk.invoiceIs("SES-000201", "In Xero");
    await desk.step("in-xero");

    const opening = desk.context.waitForEvent("page");
    await page.locator("#invoice-list").getByRole("link", { name: "Open in Xero" }).click();
    const xero = await opening;
    const books = xero.getByRole("row", { name: /SES-000201/ }).first();
    await books.getByText("AUTHORISED, sent").waitFor();
    await desk.step("desk", xero);
    await books.getByRole("button", { name: "Record payment" }).click();
    await xero.getByRole("cell", { name: "PAID, sent" }).waitFor();
    await xero.close();

    const item = await desk.invoiceIs("SES-000201", "Paid");
    await item.getByText(/Paid on .* Payment detected in Xero/).waitFor();
    await desk.step("paid");

    await desk.view("Sync log");
    await page.locator("#record-list").getByText("History of SES-000201").click();
    await page.locator("#record-list .history", { hasText: "Created in Xero" }).waitFor();
    await desk.step("log");

    await desk.view("Notifications");
    await page.getByRole("heading", { name: "SES-000201 is paid" }).waitFor();
    await desk.step("notifications");
  }));
