// One record of the sync log as every view shows it: its state in words, what to do, its Xero document, its history.

import { chooseFor } from "./contact.js";
import { button, el, say } from "./dom.js";
import { shown } from "./money.js";
import { STATES, when } from "./words.js";

/** A state as a coloured word. */
export function pill(record) {
  const { label, tone } = record.divergence
    ? { label: "Changed in Xero", tone: "wait" }
    : (STATES[record.state] ?? { label: record.state, tone: "off" });
  return el("span", { class: `pill ${tone}` }, label);
}

/** The record's own deep link. Here it opens the stand-in, which answers Xero's addresses. */
export function xeroLink(app, record, label = "Open in Xero") {
  if (!record.xero?.url) return undefined;
  const { pathname, search } = new URL(record.xero.url);
  const name = el("span", { class: "heard" }, ` (${record.number}, in a new tab)`);
  return el("a", { href: `${app.around.xero}${pathname}${search}`, target: "_blank", rel: "noopener", "data-name": "xero" }, label, name);
}

/** What there is to know and to do about a record: why it waits or failed, what was changed in Xero. */
export function notices(app, record) {
  const all = [];
  if (record.failure) all.push(notice(app, record, record.failure, record.state === "failed" ? "bad" : "wait"));
  if (record.divergence) all.push(notice(app, record, record.divergence, "wait"));
  if (record.remark) all.push(el("div", { class: "notice wait" }, el("p", {}, record.remark)));
  return all;
}

function notice(app, record, { message, action }, tone) {
  const acts = [actionFor(app, record, action), chooseFor(app, record), retryFor(app, record)].filter(Boolean);
  return el("div", { class: `notice ${tone}` }, el("p", {}, message), acts.length > 0 && el("div", { class: "actions" }, acts));
}

/** Runs the stored event again, where there is one to run. */
function retryFor(app, record) {
  const can = record.failure && !["voided", "tombstone", "intent"].includes(record.state);
  if (!can) return undefined;
  const label = el("span", {}, "Retry", el("span", { class: "heard" }, ` ${record.number}`));
  return button(label, () => retry(app, record), { kind: "quiet", "data-of": record.id, "data-name": "retry" });
}

async function retry(app, record) {
  await app.api.retry(record.kind, record.id);
  say(`${record.number} is being tried again.`);
  await app.poll.soon();
}

/** Takes over the invoice in Xero that is the same. */
function adoptFor(app, record, of) {
  const label = el("span", {}, "Take it over", el("span", { class: "heard" }, ` as ${record.number}`));
  return button(label, () => adopt(app, record), { kind: "main", ...of, "data-name": "adopt" });
}

async function adopt(app, record) {
  await app.api.adopt(record.kind, record.id);
  say(`${record.number} is being taken over from Xero.`);
  await app.poll.soon();
}

/** The button, or buttons, for an action of the contract; undefined for one that another button does already. */
export function actionFor(app, record, action) {
  const of = { "data-of": record?.id, "data-name": "act" };
  switch (action) {
    case "map_accounts":
      return button("Map accounts", () => app.go("connection", "mapping-title"), { kind: "main", ...of });
    case "reauthorise":
      return button("Authorise again", () => app.connect(), { kind: "main", ...of });
    case "connect":
      return button("Connect to Xero", () => app.connect(), { kind: "main", ...of });
    case "open_xero":
    case "fix_xero_subscription":
      return record && xeroLink(app, record) ? undefined : el("a", { href: app.desk(), target: "_blank", rel: "noopener" }, "Open Xero");
    case "change_number":
    case "edit_document":
    case "edit_organisation":
      return app.store.invoice(record?.id) && button("Edit the invoice", () => app.editInvoice(record.id), { kind: "main", ...of });
    case "adopt":
      return record && [adoptFor(app, record, of), actionFor(app, record, "change_number")];
    case "contact_support":
      return el("span", { class: "soft" }, "Contact support and name this document.");
    default:
      return undefined;
  }
}

/** Both sides' amounts, where they say something. */
export function amounts(record) {
  const { currency, xero_total: theirs, due, paid, credited } = record.amounts;
  const money = (amount) => shown(amount, currency || "GBP");
  const more = (amount) => amount !== undefined && amount !== null && Number(amount) !== 0;
  const parts = [];
  if (theirs) parts.push(`${money(theirs)} in Xero`);
  if (more(paid)) parts.push(`${money(paid)} paid`);
  if (more(credited)) parts.push(`${money(credited)} credited`);
  if (more(due) && (more(paid) || more(credited))) parts.push(`${money(due)} due`);
  return parts.join(" · ");
}

/** What happened, newest first. */
export function history(record) {
  if (record.history.length === 0) return undefined;
  const entries = record.history.map((entry) =>
    el("li", {}, el("time", { datetime: entry.at }, when(entry.at)), el("span", {}, entry.message)),
  );
  return el(
    "details",
    { "data-name": "history" },
    el("summary", { "data-of": record.id, "data-name": "history-summary" }, "History", el("span", { class: "heard" }, ` of ${record.number}`)),
    el("ol", { class: "history" }, entries),
  );
}

/** The line under a document: its Xero reference, or that it has none. */
export function reference(app, record) {
  if (!record.xero) return el("p", { class: "soft" }, "Not in Xero");
  const number = record.xero.number ? `Xero ${record.xero.number}` : "In Xero";
  return el("p", { class: "soft" }, number, amounts(record) && ` · ${amounts(record)}`, " · ", xeroLink(app, record) ?? "");
}

/** What the event about it should have led to, while the sync log does not know of it yet. */
export function place(app, { record, sent, connected }) {
  if (record) return [notices(app, record), reference(app, record), history(record)];
  if (sent) return [el("p", { class: "soft" }, "On its way to Xero.")];
  return [el("p", { class: "soft" }, connected ? "Not in Xero yet." : "Not in Xero. Connect Xero, and send it to get it there.")];
}
