// Expenses as Sessional keeps them, and the dialog that logs one.

import { check, problem } from "./check.js";
import { ask, busy, button, byId, el, keep, say } from "./dom.js";
import { choice, field, open } from "./forms.js";
import { shown } from "./money.js";
import { pill, place } from "./record.js";
import { hand } from "./sending.js";
import { newId } from "./store.js";
import { CATEGORIES, STATES, date, dayFrom } from "./words.js";

export function mountExpenses(app) {
  byId("new-expense").addEventListener("click", () => logExpense(app));
}

export function drawExpenses(app) {
  const records = new Map(app.records.filter((record) => record.kind === "expense").map((record) => [record.id, record]));
  const ours = app.store.expenses.map((expense) => ({ id: expense.id, expense, record: records.get(expense.id) }));
  const connected = ["connected", "error"].includes(app.connection.status);
  keep(byId("expense-list"), ours.map((item) => ({ ...item, connected })), {
    key: (item) => item.id,
    draw: (item) => drawExpense(app, item),
    empty: el("li", { class: "empty" }, "No expenses yet. Log one, and it becomes a bill in Xero under the account of its category."),
  });
}

function drawExpense(app, { expense, record, connected }) {
  const { id, description, category, incurred_on, deleted, queued } = expense;
  const remove = !deleted && button(el("span", {}, "Delete", el("span", { class: "heard" }, ` ${description}`)), () => deleteIt(app, expense), { kind: "danger", "data-of": id, "data-name": "delete" });
  const without = queued ? el("span", { class: "pill busy" }, STATES.intent.label) : el("span", { class: "pill off" }, "Not in Xero");
  return el(
    "li",
    { class: "item", "data-description": description },
    el("div", { class: "top" }, el("h2", {}, description), record ? pill(record) : without, el("span", { class: "sum" }, shown(expense.amount, expense.currency))),
    el("p", {}, `${CATEGORIES[category]} · ${date(incurred_on)}${expense.supplier ? ` · ${expense.supplier.name}` : ""}${deleted ? " · Deleted" : ""}`),
    place(app, { record, sent: queued, connected }),
    remove && el("div", { class: "actions" }, remove),
  );
}

async function deleteIt(app, expense) {
  const { id, description } = expense;
  const sure = await ask({ title: `Delete “${description}”?`, text: "It is deleted in Sessional, and its document in Xero is voided or deleted.", confirm: "Delete expense" });
  if (!sure) return;
  await hand(app, app.api.event("expense.deleted", { expense: { id } }));
  app.store.putExpense({ ...expense, deleted: true });
  app.draw();
  say(`“${description}” is deleted in Sessional. Xero follows.`);
  byId("expenses-title").focus();
  await app.poll.soon();
}

function logExpense(app) {
  const id = newId("exp");
  const mapped = (word) => Boolean(app.mapping?.expenses[word]);
  const categories = Object.entries(CATEGORIES).map(([word, name]) => [word, app.mapping && !mapped(word) ? `${name} (no account: skipped)` : name]);
  const result = el("div", { "aria-live": "polite" });
  const form = el(
    "form",
    { class: "sheet" },
    el("h2", { id: "form-title" }, "Log an expense"),
    field("What for", "description", "", { required: true, maxlength: 4000, autofocus: true }),
    choice("Category", "category", "fuel", categories),
    el("div", { class: "three" },
      field("Amount, VAT included", "amount", "", { required: true, inputmode: "decimal", pattern: "\\d{1,9}(\\.\\d{1,2})?", title: "An amount such as 36.00" }),
      field("Date", "incurred_on", dayFrom(0), { type: "date", required: true }),
      choice("VAT", "tax_rate", "", [["", "as the account"], ["20", "20 %"], ["5", "5 %"], ["0", "0 %"]])),
    field("Paid to (optional)", "supplier", "", { maxlength: 255, pattern: "[^<>]+" }),
    result,
    el("div", { class: "actions" },
      el("button", { class: "main" }, "Log expense"),
      button("Check before sending", () => form.reportValidity() && check(app, eventOf(), result)),
      button("Cancel", () => dialog.close(), { kind: "plain" })),
  );
  const dialog = el("dialog", { class: "form", "aria-labelledby": "form-title" }, form);

  function expenseOf() {
    const { description, category, amount, incurred_on, tax_rate, supplier } = Object.fromEntries(new FormData(form));
    const paid = supplier.trim() && { supplier: supplierOf(app, supplier) };
    return { id, category, description: description.trim(), incurred_on, currency: "GBP", amount, ...(tax_rate && { tax_rate }), ...paid, url: `https://app.sessional.example/expenses/${id}` };
  }

  const eventOf = () => app.api.event("expense.logged", { expense: expenseOf() });

  async function save() {
    const expense = expenseOf();
    const queued = await hand(app, eventOf());
    app.store.putExpense({ ...expense, queued });
    dialog.close();
    app.draw();
    say(queued ? "The expense is logged and on its way to Xero." : "The expense is logged in Sessional. It is not sent, because Xero is not connected.", queued ? "good" : "wait");
    await app.poll.soon();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form.querySelector("button.main"), () => save().catch((error) => result.replaceChildren(problem(error))));
  });
  open(dialog, byId("new-expense"));
}

/** Suppliers are known by their name, so that the same one is the same contact in Xero. */
function supplierOf(app, name) {
  const plain = name.trim().replace(/\s+/g, " ");
  const before = app.store.expenses.find(({ supplier }) => supplier?.name.toLowerCase() === plain.toLowerCase());
  return before?.supplier ?? { id: newId("sup"), name: plain };
}
