// What the person chooses where the service will not decide: which contact in Xero a client is, and whether an invoice
// there is the one that is here.

import assert from "node:assert/strict";
import test from "node:test";

import { control, inBrowser, somebody } from "./support.mjs";

/** Today where the invoice is made, as its form has it. */
const issuedOn = (form) => form.getByLabel("Issued").inputValue();

test("a client's contact is chosen in a dialog, and an invoice that is in Xero already is taken over", () =>
  inBrowser("choosing", async (desk) => {
    const { page } = desk;
    const person = await somebody("Harbour Sound Ltd");
    await desk.open(person);
    await desk.allow();
    await desk.map();
    const tenant = person.tenants["Harbour Sound Ltd"];
    const act = (body) => control("POST", `/organisations/${tenant}/acts`, body);
    const books = () => control("GET", `/organisations/${tenant}/snapshot`);
    const make = async (customer) => {
      await desk.view("Invoices");
      const form = await desk.fillInvoice(customer);
      const number = await form.getByLabel("Number").inputValue();
      return { form, number, issued: await issuedOn(form) };
    };
    const send = async ({ form, number }) => {
      await form.getByRole("button", { name: "Create and send", exact: true }).click();
      await form.waitFor({ state: "detached" });
      return number;
    };

    await desk.invoiceIs(await send(await make("Quayside Coaching")), "In Xero");
    await desk.invoiceIs(await send(await make("Tidewater Studios Ltd")), "In Xero");
    const old = (await books()).Contacts.find(({ Name }) => Name === "Tidewater Studios Ltd").ContactID;
    await act({ archive_contact: { contact: old, archived: true } });
    const { id: wanted } = await act({ create_contact: { fields: { Name: "Tidewater Group" } } });
    const number = await send(await make("Tidewater Studios Ltd"));
    const item = await desk.invoiceIs(number, "Needs you");
    await item.locator(".notice", { hasText: "is archived in Xero" }).waitFor();

    // Who leaves the dialog has chosen nothing, and is where they were.
    const opener = item.getByRole("button", { name: `Choose the contact in Xero for ${number}` });
    const dialog = page.getByRole("dialog", { name: "Who is Tidewater Studios Ltd in Xero?" });
    await opener.click();
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.match(await desk.focused(), /^Choose the contact in Xero/);

    await opener.click();
    const search = dialog.getByLabel("Search for a name");
    assert.equal(await search.inputValue(), "Tidewater Studios Ltd", "it begins with the client's own name");
    await page.keyboard.press("Enter");
    await dialog.getByText("Xero has no such contact").waitFor();
    await search.fill("quayside");
    await dialog.getByRole("button", { name: "Search" }).click();
    await dialog.getByText("Another client’s").waitFor();
    assert.equal(await dialog.getByRole("button", { name: "Choose Quayside Coaching" }).count(), 0, "nobody else's");
    await search.fill("tidewater");
    await page.keyboard.press("Enter");
    const choice = dialog.getByRole("button", { name: "Choose Tidewater Group" });
    await choice.waitFor();
    await desk.step("contacts");
    await choice.click();
    await dialog.waitFor({ state: "detached" });
    await desk.said("Tidewater Studios Ltd is “Tidewater Group” in Xero from now on");
    await item.getByRole("button", { name: `Retry ${number}` }).click();
    await desk.invoiceIs(number, "In Xero");
    const made = (await books()).Invoices.find(({ InvoiceNumber }) => InvoiceNumber === number);
    assert.equal(made.Contact.ContactID, wanted);

    // The bookkeeper has typed the next one already.
    const next = await make("Tidewater Studios Ltd");
    const { id: typed } = await act({
      create_invoice: {
        fields: {
          Type: "ACCREC", Status: "AUTHORISED", InvoiceNumber: next.number, Contact: { ContactID: wanted }, Date: next.issued,
          DueDate: next.issued, LineAmountTypes: "Exclusive", CurrencyCode: "GBP",
          LineItems: [{ Description: "Three sessions", Quantity: 1, UnitAmount: 450, AccountCode: "260", TaxType: "OUTPUT2" }],
        },
      },
    });
    await act({ pay: { document: typed } });
    await send(next);
    const twin = await desk.invoiceIs(next.number, "Needs you");
    await twin.locator(".notice", { hasText: "If it is this one, take it over" }).waitFor();
    await twin.getByRole("button", { name: "Edit the invoice" }).waitFor();
    await desk.step("in-xero-already");
    await twin.getByRole("button", { name: `Take it over as ${next.number}` }).click();
    await desk.said(`${next.number} is being taken over from Xero`);
    await desk.invoiceIs(next.number, "Paid");
    await twin.locator(".paid", { hasText: "Paid on" }).waitFor();
    const { Invoices: invoices } = await books();
    assert.equal(invoices.length, 4, "none was made beside it");
    assert.equal(invoices.find(({ InvoiceID }) => InvoiceID === typed).LineItems[0].Description, "Three sessions");
  }));
