// What Sessional's backend was told: the other end of the notification queue.

import { byId, el, keep } from "./dom.js";
import { shown } from "./money.js";
import { NOTIFICATIONS, date, when } from "./words.js";

export function drawTold(app) {
  keep(byId("told-list"), [...app.told].reverse(), {
    key: (told) => told.id,
    draw: (told) => drawOne(app, told),
    empty: el("li", { class: "empty" }, "Nothing yet. Payments, problems and changes of the connection are told here."),
  });
}

function drawOne(app, told) {
  const id = told.invoice_id ?? told.record_id;
  const record = app.records.find((record) => record.id === id);
  const name = record?.number ?? app.store.invoice(id)?.number ?? id;
  const title = NOTIFICATIONS[told.type]?.(told, name) ?? told.type;
  const money = (amount) => shown(amount, told.currency || "GBP");
  const aboutMoney = told.type.startsWith("invoice.");
  const facts = [
    told.note,
    told.message,
    aboutMoney && told.amount_paid && `${money(told.amount_paid)} paid`,
    aboutMoney && Number(told.amount_credited) > 0 && `${money(told.amount_credited)} credited`,
    aboutMoney && told.amount_due && `${money(told.amount_due)} due`,
    told.paid_on && `on ${date(told.paid_on)}`,
  ].filter(Boolean);
  return el(
    "li",
    { class: "item" },
    el("div", { class: "top" }, el("h2", {}, title), el("code", {}, told.type)),
    facts.length > 0 && el("p", {}, facts.join(" · ")),
    el("p", { class: "soft small" }, el("time", { datetime: told.occurred_at }, when(told.occurred_at))),
    el("details", { "data-name": "message" }, el("summary", {}, "The message"), el("pre", { tabindex: "0" }, JSON.stringify(told, null, 2))),
  );
}
