// Invoices as Sessional keeps them, each beside what the sync log says about it.

import { ask, button, byId, el, keep, say } from "./dom.js";
import { editInvoice } from "./invoice-form.js";
import { shown } from "./money.js";
import { pill, place } from "./record.js";
import { contract, hand } from "./sending.js";
import { STATES, date } from "./words.js";

export function mountInvoices(app) {
  app.editInvoice = (id) => editInvoice(app, app.store.invoice(id));
  byId("new-invoice").addEventListener("click", () => editInvoice(app));
}

export function drawInvoices(app) {
  const records = new Map(app.records.filter((record) => record.kind === "invoice").map((record) => [record.id, record]));
  const ours = app.store.invoices.map((invoice) => ({ id: invoice.id, invoice, record: records.get(invoice.id) }));
  const known = new Set(ours.map(({ id }) => id));
  const elsewhere = [...records.values()].filter((record) => !known.has(record.id)).map((record) => ({ id: record.id, record }));
  const connected = ["connected", "error"].includes(app.connection.status);
  keep(byId("invoice-list"), [...ours, ...elsewhere].map((item) => ({ ...item, connected })), {
    key: (item) => item.id,
    draw: (item) => (item.invoice ? drawInvoice(app, item) : drawElsewhere(app, item)),
    empty: el("li", { class: "empty" }, "No invoices yet. Make one, and it goes to Xero at once."),
  });
}

const STATUSES = { created: "Not sent yet", sent: "Sent", void: "Void" };

function drawInvoice(app, { invoice, record, connected }) {
  const { id, number, status, payment } = invoice;
  const name = (label) => [label, el("span", { class: "heard" }, ` ${number}`)];
  const acts = status === "void" ? [] : [
    button(el("span", {}, name(status === "sent" ? "Send again" : "Send")), () => send(app, invoice), { kind: status === "sent" ? "quiet" : "main", "data-of": id, "data-name": "send" }),
    button(el("span", {}, name("Edit")), () => app.editInvoice(id), { "data-of": id, "data-name": "edit" }),
    button(el("span", {}, name("Void")), () => voidIt(app, invoice), { kind: "danger", "data-of": id, "data-name": "void" }),
  ];
  const paid = payment && `${payment.word}${payment.paid_on ? ` on ${date(payment.paid_on)}` : ""} · ${payment.note}`;
  return el(
    "li",
    { class: "item", "data-number": number },
    el("div", { class: "top" },
      el("h2", {}, number),
      record ? pill(record) : invoice.queued ? el("span", { class: "pill busy" }, STATES.intent.label) : el("span", { class: "pill off" }, "Not in Xero"),
      el("span", { class: "sum" }, shown(invoice.total, invoice.currency))),
    el("p", {}, `${invoice.organisation.name} · due ${date(invoice.due_on)} · ${STATUSES[status]}`),
    paid && el("p", { class: "paid" }, paid),
    place(app, { record, sent: invoice.queued, connected }),
    acts.length > 0 && el("div", { class: "actions" }, acts),
  );
}

/** An invoice that the sync log knows and this browser does not: made by the demo, or in another browser. */
function drawElsewhere(app, { record }) {
  return el(
    "li",
    { class: "item", "data-number": record.number },
    el("div", { class: "top" }, el("h2", {}, record.number), pill(record), el("span", { class: "sum" }, shown(record.amounts.sessional_total, record.amounts.currency || "GBP"))),
    el("p", { class: "soft" }, "Made elsewhere"),
    place(app, { record }),
  );
}

async function send(app, invoice) {
  const queued = await hand(app, app.api.event("invoice.sent", { invoice: contract(invoice) }));
  app.store.putInvoice({ ...invoice, status: "sent", queued: queued || invoice.queued });
  app.draw();
  say(queued ? `${invoice.number} is sent, and Xero will know.` : `${invoice.number} is sent. It goes to Xero when you connect and send it again.`, queued ? "good" : "wait");
  await app.poll.soon();
}

async function voidIt(app, invoice) {
  const { id, number } = invoice;
  const sure = await ask({ title: `Void ${number}?`, text: "It is voided in Sessional and in Xero. This cannot be taken back.", confirm: "Void invoice" });
  if (!sure) return;
  await hand(app, app.api.event("invoice.voided", { invoice: { id, number } }));
  app.store.putInvoice({ ...invoice, status: "void" });
  app.draw();
  say(`${number} is void in Sessional. Xero follows.`);
  byId("invoices-title").focus();
  await app.poll.soon();
}
