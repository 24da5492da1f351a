// Connecting, not connecting, and connecting again.

import assert from "node:assert/strict";
import test from "node:test";

import { control, inBrowser, somebody } from "./support.mjs";

test("who cancels at Xero is told that nothing was connected", () =>
  inBrowser("cancel", async (desk) => {
    const { page } = desk;
    await desk.open(await somebody("Harbour Sound Ltd"));
    await desk.goToConsent();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("You cancelled at Xero. Nothing was connected").waitFor();
    assert.match(await desk.focused(), /You are not connected/, "a screen reader begins there");
    await page.getByRole("button", { name: "Connect to Xero" }).waitFor();
    await desk.step("cancelled");
    await page.reload();
    await page.getByText("Keep Xero in step").waitFor();
    assert.equal(await page.getByText("You cancelled").count(), 0, "it is said once");
  }));

test("after disconnecting and connecting again nothing is there twice", () =>
  inBrowser("reconnect", async (desk) => {
    const { page } = desk;
    const person = await somebody("Harbour Sound Ltd");
    await desk.open(person);
    await desk.allow();
    await desk.map();
    const number = await desk.invoice();
    await desk.invoiceIs(number, "In Xero");

    await desk.view("Xero connection");
    await page.getByRole("button", { name: "Disconnect" }).click();
    const sure = page.getByRole("dialog", { name: "Disconnect from Harbour Sound Ltd?" });
    assert.equal(await desk.focused(), "Cancel", "the harmless answer has the focus");
    await desk.step("sure");
    await sure.getByRole("button", { name: "Disconnect" }).click();
    await page.getByText("Nothing is synced. What is in Xero stays there").waitFor();
    assert.equal(await desk.focused(), "connection-title");
    await desk.step("disconnected");

    // Sessional goes on without Xero, and says so.
    const later = await desk.invoice("Create invoice");
    await desk.said("It stays in Sessional until you connect Xero");
    await desk.invoiceIs(later, "Not in Xero");

    await desk.view("Xero connection");
    await desk.allow();
    await page.locator("#strip", { hasText: "Connected to Harbour Sound Ltd" }).waitFor();
    await page.getByLabel("Sales invoices").waitFor();
    assert.notEqual(await page.getByLabel("Sales invoices").inputValue(), "", "the mapping is kept");
    await desk.view("Invoices");
    await page.getByRole("button", { name: `Send again ${number}` }).click();
    await page.getByRole("button", { name: `Send ${later}` }).click();
    await desk.invoiceIs(later, "In Xero");
    await desk.invoiceIs(number, "In Xero");
    const totals = await control("GET", `/organisations/${person.tenants["Harbour Sound Ltd"]}/totals`);
    assert.deepEqual([totals.invoices, totals.contacts], [2, 1], "two invoices of one customer, each once");
    await desk.step("reconnected");
  }));
