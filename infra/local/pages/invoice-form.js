// The dialog that makes or changes an invoice.

import { check, problem } from "./check.js";
import { busy, button, byId, el, say } from "./dom.js";
import { choice, field, open } from "./forms.js";
import { shown, totals } from "./money.js";
import { contract, hand } from "./sending.js";
import { newId } from "./store.js";
import { dayFrom } from "./words.js";

const RATES = [["20", "20 %"], ["5", "5 %"], ["0", "0 %"]];

export function editInvoice(app, before) {
  const value = before ?? {
    id: newId("inv"), number: app.store.number, currency: "GBP", issued_on: dayFrom(0), due_on: dayFrom(30),
    line_amounts: "exclusive", organisation: { name: "" }, status: "created",
    lines: [{ description: "", quantity: "1", unit_amount: "", tax_rate: "20" }],
  };
  const lines = el("div", { class: "lines" });
  const sum = el("p", { class: "total", "aria-live": "polite" });
  const result = el("div", { "aria-live": "polite" });
  const form = el(
    "form",
    { class: "sheet", novalidate: false },
    el("h2", { id: "form-title" }, before ? `Invoice ${value.number}` : "New invoice"),
    field("Customer", "customer", value.organisation.name, { required: true, list: "customers", maxlength: 255, pattern: "[^<>]+", autofocus: true }),
    el("datalist", { id: "customers" }, app.store.customers.map(({ name }) => el("option", { value: name }))),
    el("div", { class: "pair" },
      field("E-mail (optional)", "email", value.organisation.email ?? "", { type: "email" }),
      field("Their reference (optional)", "reference", value.reference ?? "", { maxlength: 255 })),
    el("div", { class: "three" },
      field("Number", "number", value.number, { required: true, maxlength: 255 }),
      field("Issued", "issued_on", value.issued_on, { type: "date", required: true }),
      field("Due", "due_on", value.due_on, { type: "date", required: true })),
    el("div", { class: "pair" },
      choice("Prices", "line_amounts", value.line_amounts, [["exclusive", "without VAT: it is added"], ["inclusive", "with VAT included"], ["no_tax", "no VAT"]]),
      choice("Currency", "currency", value.currency, [["GBP", "GBP, pounds"], ["EUR", "EUR, euros"], ["USD", "USD, dollars"]])),
    el("fieldset", { class: "plain" }, el("legend", {}, "Lines"), lines,
      button("Add a line", () => addLine({ description: "", quantity: "1", unit_amount: "", tax_rate: "20" }).querySelector("input").focus())),
    sum,
    result,
    el("div", { class: "actions" },
      before && value.status === "sent" ? undefined : el("button", { class: "main", value: "save" }, before ? "Save" : "Create invoice"),
      el("button", { class: before && value.status === "sent" ? "main" : "quiet", value: "send" }, before ? "Save and send" : "Create and send"),
      button("Check before sending", () => form.reportValidity() && check(app, eventOf("invoice.created"), result)),
      button("Cancel", () => dialog.close(), { kind: "plain" })),
  );
  const dialog = el("dialog", { class: "form", "aria-labelledby": "form-title" }, form);

  function addLine(line) {
    const row = el("div", { class: "line", role: "group", "aria-label": `Line ${lines.children.length + 1}` },
      field("Description", "description", line.description, { required: true, maxlength: 4000 }),
      field("Quantity", "quantity", line.quantity, { required: true, inputmode: "decimal", pattern: "-?\\d{1,9}(\\.\\d{1,4})?", title: "A number such as 3 or 1.5" }),
      field("Price", "unit_amount", line.unit_amount, { required: true, inputmode: "decimal", pattern: "-?\\d{1,9}(\\.\\d{1,4})?", title: "A number such as 150.00" }),
      choice("VAT", "tax_rate", line.tax_rate ?? "20", RATES),
      button("Remove", () => {
        row.remove();
        count();
        lines.querySelector("input")?.focus();
      }, { kind: "plain" }));
    lines.append(row);
    count();
    return row;
  }

  /** The sum as it is typed; the last line cannot be removed. */
  function count() {
    const { lines: all, line_amounts, currency } = read();
    const found = totals(all, line_amounts);
    for (const remove of lines.querySelectorAll("button")) remove.hidden = lines.children.length === 1;
    for (const rate of lines.querySelectorAll("select")) rate.disabled = line_amounts === "no_tax";
    sum.textContent = found ? `Total ${shown(found.gross, currency)}, of which VAT ${shown(found.tax, currency)}` : "Total –";
  }

  function read() {
    const data = Object.fromEntries(new FormData(form));
    const line = (row) => {
      const of = (name) => row.querySelector(`[name=${name}]`).value.trim();
      const rate = data.line_amounts === "no_tax" ? "" : of("tax_rate");
      return { description: of("description"), quantity: of("quantity"), unit_amount: of("unit_amount"), ...(rate && { tax_rate: rate }) };
    };
    return { ...data, lines: [...lines.children].map(line) };
  }

  function invoiceOf() {
    const { customer, email, reference, lines: all, ...rest } = read();
    const known = { ...app.store.customers.find((one) => one.name.toLowerCase() === customer.trim().toLowerCase()) };
    const organisation = { ...value.organisation, ...known, name: customer.trim(), ...(email && { email }) };
    organisation.id ??= newId("org");
    return { ...value, ...rest, reference: reference.trim() || undefined, organisation, lines: all, total: totals(all, rest.line_amounts)?.gross };
  }

  const eventOf = (type) => app.api.event(type, { invoice: contract(invoiceOf()) });

  async function save(sends) {
    const invoice = invoiceOf();
    invoice.organisation = app.store.customer(invoice.organisation.name, invoice.organisation.email);
    const event = (type) => hand(app, app.api.event(type, { invoice: contract(invoice) }));
    // A change of an invoice goes with its next sending: there is no event for it alone.
    let queued = before ? Boolean(before.queued) : await event("invoice.created");
    if (sends) queued = await event("invoice.sent");
    app.store.putInvoice({ ...invoice, status: sends ? "sent" : value.status, queued });
    dialog.close();
    app.draw();
    const kept = before && !sends ? `${invoice.number} is saved. Xero follows when you send it.` : `${invoice.number} is ${sends ? "sent" : "made"}${queued ? " and on its way to Xero" : ". It stays in Sessional until you connect Xero and send it"}.`;
    say(kept, queued ? "good" : "wait");
    await app.poll.soon();
  }

  for (const line of value.lines) addLine(line);
  form.addEventListener("input", count);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pressed = event.submitter ?? form.querySelector("button.main");
    busy(pressed, () => save(pressed.value === "send").catch((error) => {
      result.replaceChildren(problem(error));
      result.scrollIntoView({ block: "nearest" });
    }));
  });
  open(dialog, byId("new-invoice"));
}
