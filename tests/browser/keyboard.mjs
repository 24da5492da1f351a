// The console without a mouse.

import assert from "node:assert/strict";
import test from "node:test";

import { inBrowser, somebody } from "./support.mjs";

/** Tab, until what has the focus is called so. */
async function tabTo(page, name) {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const { activeElement: at } = document;
      return at.labels?.[0]?.textContent || at.textContent;
    });
    if (found === name) return;
  }
  assert.fail(`${name} cannot be reached with the Tab key`);
}

test("an invoice is made and sent with the keyboard alone", () =>
  inBrowser("keyboard", async (desk) => {
    const { page } = desk;
    const person = await somebody("Harbour Sound Ltd");
    await desk.open(person);
    await desk.allow();
    await desk.map();

    await desk.open(person);
    await page.keyboard.press("Tab");
    assert.equal(await desk.focused(), "Skip to the content");
    await tabTo(page, "Invoices");
    await page.keyboard.press("Enter");
    assert.equal(await desk.focused(), "invoices-title", "a view begins at its heading");

    await tabTo(page, "New invoice");
    await page.keyboard.press("Enter");
    const form = page.getByRole("dialog", { name: "New invoice" });
    await page.keyboard.type("Tidewater Studios Ltd");
    await page.keyboard.press("Escape");
    await form.waitFor({ state: "detached" });
    assert.equal(await desk.focused(), "new-invoice", "who leaves a dialog is where they were");

    await page.keyboard.press("Enter");
    await page.keyboard.type("Tidewater Studios Ltd");
    await tabTo(page, "Description");
    await page.keyboard.type("Studio session");
    await tabTo(page, "Price");
    await page.keyboard.type("150");
    await page.keyboard.press("Enter");
    await form.waitFor({ state: "detached" });
    await desk.invoiceIs("SES-000201", "In Xero");

    // The list is drawn anew with every change; the focus stays where the person is.
    await page.getByRole("button", { name: "Send SES-000201" }).focus();
    await page.keyboard.press("Enter");
    await desk.said("SES-000201 is sent");
    await page.getByText("Marked as sent in Xero").first().waitFor({ state: "attached" });
    assert.equal(await desk.focused(), "Send again SES-000201");
  }));
