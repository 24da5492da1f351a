// An expense whose category has no account: skipped, said, mapped, retried, deleted.

import test from "node:test";

import { inBrowser, isIn, somebody } from "./support.mjs";

/** Logs an expense for insurance and gives its place in the list. */
async function log(desk, what) {
  const { page } = desk;
  await page.getByRole("button", { name: "Log an expense" }).click();
  const form = page.getByRole("dialog", { name: "Log an expense" });
  await form.getByLabel("What for").fill(what);
  await form.getByLabel("Category").selectOption({ label: "Insurance (no account: skipped)" });
  await form.getByLabel("Amount").fill("96.00");
  await form.getByRole("button", { name: "Log expense" }).click();
  const item = page.locator(`#expense-list [data-description="${what}"]`);
  await isIn(item, "Skipped");
  return item;
}

test("everything of one cause is shown together and retried with one button", () =>
  inBrowser("causes", async (desk) => {
    const { page } = desk;
    await desk.open(await somebody("Harbour Sound Ltd"));
    await desk.allow();
    await desk.map({ without: ["Insurance"] });
    await desk.view("Expenses");
    const items = [await log(desk, "Public liability"), await log(desk, "Instrument cover")];

    await desk.view("Sync log");
    const cause = page.locator("#causes .item", { hasText: "2 documents" });
    await cause.getByText("“Public liability”, “Instrument cover”").waitFor();
    await desk.step("causes");
    await cause.getByRole("button", { name: "Map accounts" }).click();
    await page.getByLabel("Insurance", { exact: true }).selectOption({ label: "433 Insurance" });
    await page.getByRole("button", { name: "Save mapping" }).click();
    await desk.said("The mapping is saved");
    await desk.view("Sync log");
    await cause.getByRole("button", { name: "Retry all 2" }).click();
    await desk.said("2 documents are being tried again");
    await desk.view("Expenses");
    for (const item of items) await isIn(item, "In Xero");
    await page.locator("#badge").waitFor({ state: "hidden" });
  }));

test("an expense of an unmapped category is skipped, and goes to Xero once it is mapped", () =>
  inBrowser("expense", async (desk) => {
    const { page } = desk;
    await desk.open(await somebody("Harbour Sound Ltd"));
    await desk.allow();
    await desk.map({ without: ["Insurance"] });

    await desk.view("Expenses");
    await page.getByRole("button", { name: "Log an expense" }).click();
    const form = page.getByRole("dialog", { name: "Log an expense" });
    await form.getByLabel("What for").fill("Public liability");
    await form.getByLabel("Category").selectOption({ label: "Insurance (no account: skipped)" });
    await form.getByLabel("Amount").fill("96.00");
    await form.getByRole("button", { name: "Check before sending" }).click();
    await form.getByText("It would be skipped").waitFor();
    await desk.step("form");
    await form.getByRole("button", { name: "Log expense" }).click();
    const item = page.locator("#expense-list [data-description='Public liability']");
    await isIn(item, "Skipped");
    await item.locator(".notice", { hasText: "no Xero account is chosen for the category" }).waitFor();
    await desk.step("skipped");

    await item.getByRole("button", { name: "Map accounts" }).click();
    await page.getByLabel("Insurance", { exact: true }).selectOption({ label: "433 Insurance" });
    await page.getByRole("button", { name: "Save mapping" }).click();
    await desk.said("The mapping is saved");
    await desk.view("Expenses");
    await item.getByRole("button", { name: "Retry" }).click();
    await isIn(item, "In Xero");
    await desk.step("in-xero");

    await item.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete expense" }).click();
    await isIn(item, "Voided");
    await desk.step("deleted");
  }));
