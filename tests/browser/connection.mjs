// Disconnecting, and connecting again. How a connection is made, and for whom it is not, is in `sites.mjs` and `returning.mjs`.

import assert from "node:assert/strict";
import test from "node:test";

import { control, inBrowser, somebody } from "./support.mjs";

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
    await page.getByRole("button", { name: "Disconnect from Xero", exact: true }).click();
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
