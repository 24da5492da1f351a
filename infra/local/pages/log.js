// The sync log: what needs somebody first, by its cause, and then every record, newest first.

import { button, byId, el, keep, say } from "./dom.js";
import { actionFor, history, notices, pill, reference } from "./record.js";
import { STATES, count, when } from "./words.js";

export function mountLog(app) {
  const states = Object.entries(STATES).map(([word, { label }]) => el("option", { value: word }, label.toLowerCase()));
  byId("filter-state").append(...states);
  byId("filters").addEventListener("change", () => {
    app.older = undefined;
    app.poll.soon();
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("older").addEventListener("click", () => older(app));
}

/** What the person asked to see. */
export function filter() {
  const { state, kind } = Object.fromEntries(new FormData(byId("filters")));
  return { ...(state && { state }), ...(kind && { kind }) };
}

async function older(app) {
  const cursor = app.older?.next ?? app.log.next;
  const page = await app.api.records({ ...filter(), cursor });
  app.older = { records: [...(app.older?.records ?? []), ...page.records], next: page.next };
  drawLog(app);
  say(`${count(page.records.length, "older record")} shown.`);
}

export function drawLog(app) {
  drawCauses(app);
  const seen = new Set(app.log.records.map((record) => `${record.kind} ${record.id}`));
  const records = [...app.log.records, ...(app.older?.records ?? []).filter((record) => !seen.has(`${record.kind} ${record.id}`))];
  keep(byId("record-list"), records, {
    key: (record) => record.id,
    draw: (record) => drawRecord(app, record),
    empty: el("li", { class: "empty" }, Object.keys(filter()).length > 0
      ? "Nothing fits. Show everything to see the whole log."
      : "Nothing has been synced yet. What you make in Invoices and Expenses appears here with its Xero number."),
  });
  byId("older").hidden = !(app.older ? app.older.next : app.log.next);
}

function drawRecord(app, record) {
  const title = record.kind === "invoice" ? `Invoice ${record.number}` : `Expense ${nameOf(app, record)}`;
  return el(
    "li",
    { class: "item" },
    el("div", { class: "top" }, el("h2", {}, title), pill(record)),
    el("p", {}, STATES[record.state]?.meaning, " ", !record.failure && record.message !== STATES[record.state]?.meaning && record.message),
    notices(app, record),
    reference(app, record),
    el("p", { class: "soft small" }, el("time", { datetime: record.changed_at }, `Last changed ${when(record.changed_at)}`)),
    history(record),
  );
}

/** What a person calls it: an expense has no number, only an id, and a description where this browser made it. */
function nameOf(app, { kind, id, number }) {
  const expense = kind === "expense" && app.store.expense(id);
  return expense ? `“${expense.description}”` : number || id;
}

function drawCauses(app) {
  const { causes } = app;
  const waiting = causes.reduce((sum, cause) => sum + cause.count, 0);
  const badge = byId("badge");
  badge.hidden = waiting === 0;
  badge.replaceChildren(String(waiting), el("span", { class: "heard" }, " need attention"));
  const place = byId("causes");
  if (causes.length === 0) return place.replaceChildren();
  if (place.children.length === 0) place.append(el("h2", {}, "Needs attention"), el("ul", { class: "items" }));
  keep(place.querySelector("ul"), causes, { key: (cause) => cause.cause, draw: (cause) => drawCause(app, cause) });
}

function drawCause(app, cause) {
  const of = { "data-of": cause.cause };
  const retry = cause.retry && button(cause.count === 1 ? "Retry it" : `Retry all ${cause.count}`, () => retryAll(app, cause), { ...of, "data-name": "retry" });
  const named = cause.records.map((record) => nameOf(app, record)).join(", ");
  const more = cause.count - cause.records.length;
  return el(
    "li",
    { class: "item" },
    el("div", { class: "top" }, el("h3", {}, count(cause.count, "document")), pill({ state: cause.state })),
    el("p", {}, cause.message),
    el("p", { class: "soft" }, named, more > 0 && ` and ${more} more`),
    el("div", { class: "actions" }, actionFor(app, undefined, cause.action), retry),
  );
}

async function retryAll(app, cause) {
  const answer = await app.api.retryAll(cause.cause);
  say(`${count(answer.retried, "document is", "documents are")} being tried again.${answer.more ? " There are more: press it again." : ""}`);
  await app.poll.soon();
}
