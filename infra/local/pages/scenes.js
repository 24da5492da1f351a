// The view of what can go wrong: buttons, what they will do, and what is wrong at the moment.

import { button, byId, el, say } from "./dom.js";
import { FAULTS, contactOf } from "./faults.js";

/** What lasts until it is taken back is remembered for the organisation, also when the page is loaded again. */
function memory(app) {
  const name = `faults:${app.around.client_id}:${app.connection.organisation?.tenant_id}`;
  const now = JSON.parse(localStorage.getItem(name) ?? "{}");
  return { now, keep: () => localStorage.setItem(name, JSON.stringify(now)) };
}

/** What is wrong at the moment: what lasts, and what is ordered and has not happened yet. */
function wrongNow(app) {
  const { now } = memory(app);
  const waiting = FAULTS.filter((fault) => app.ordered?.includes(fault.kind)).map((fault) => [fault.id, true]);
  return { ...now, ...Object.fromEntries(waiting) };
}

export function drawScenes(app) {
  const { organisation } = app.connection;
  const place = byId("faults");
  const sales = salesCode(app);
  const now = organisation ? wrongNow(app) : {};
  const signature = JSON.stringify([organisation, sales, now]);
  if (place.signature === signature) return;
  const focused = place.contains(document.activeElement) && document.activeElement.dataset.name;
  place.signature = signature;
  place.replaceChildren(...(organisation ? drawAll(app, now, sales) : [el("p", { class: "empty" }, "Connect an organisation first. Then you can make things go wrong in it.")]));
  if (focused) place.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
}

function drawAll(app, now, sales) {
  const groups = [...new Set(FAULTS.map((fault) => fault.group))];
  const wrong = FAULTS.filter((fault) => now[fault.id]).map((fault) => fault.title.toLowerCase());
  return [
    el(
      "div",
      { class: "card" },
      el("h2", {}, `The bookkeeper of ${app.connection.organisation.name}`),
      el("p", {}, "In Xero (the stand-in) you see what arrived. Record a payment there, void a document, archive a contact, and come back here."),
      el("div", { class: "actions" }, el("a", { class: "main", href: app.desk(), target: "_blank", rel: "noopener" }, "Open the bookkeeper’s desk", el("span", { class: "heard" }, " (in a new tab)"))),
    ),
    wrong.length > 0 && el("div", { class: "notice wait" }, el("p", {}, `Wrong at the moment: ${wrong.join(", ")}.`),
      el("div", { class: "actions" }, button("Put everything right", () => undoAll(app), { kind: "main", "data-name": "all" }))),
    ...groups.map((group) => el("div", { class: "group" }, el("h2", {}, group),
      el("ul", { class: "items" }, FAULTS.filter((fault) => fault.group === group).map((fault) => drawFault(app, fault, now, sales))))),
  ].filter(Boolean);
}

function drawFault(app, fault, now, sales) {
  const on = Boolean(now[fault.id]);
  const missing = fault.needs === "sales" && !sales && !on;
  const act = on
    ? button(el("span", {}, "Undo", el("span", { class: "heard" }, ` (${fault.title})`)), () => undo(app, fault), { kind: "main", "data-name": fault.id })
    : button(el("span", {}, "Make it happen", el("span", { class: "heard" }, ` (${fault.title})`)), () => start(app, fault), { "data-name": fault.id });
  return el(
    "li",
    { class: "item", "data-fault": fault.id },
    el("div", { class: "top" }, el("h3", {}, fault.title), on && el("span", { class: "pill wait" }, fault.once ? "Comes next" : "On")),
    el("p", {}, fault.what),
    missing ? el("p", { class: "soft" }, "Map sales to an account first.") : el("div", { class: "actions" }, act),
  );
}

function salesCode(app) {
  const id = app.mapping?.sales?.account_id;
  return app.chart?.accounts.find((account) => account.account_id === id)?.code;
}

async function where(app, fault) {
  const tenant = app.connection.organisation.tenant_id;
  const at = { tenant, app: app.around.client_id, sales: salesCode(app), number: app.store.number };
  return fault.id === "clash" ? { ...at, contact: await contactOf(tenant) } : at;
}

async function start(app, fault) {
  const at = await where(app, fault);
  await fault.start(at);
  if (!fault.once) {
    const { now, keep } = memory(app);
    now[fault.id] = at.sales ?? true;
    keep();
  }
  say(`${fault.title}: done. ${fault.once ? "Now send something and see." : "It stays so until you undo it."}`);
  await app.poll.soon();
  drawScenes(app);
}

async function undo(app, fault) {
  const { now, keep } = memory(app);
  const code = typeof now[fault.id] === "string" ? now[fault.id] : undefined;
  await fault.undo(await where(app, fault), code);
  delete now[fault.id];
  keep();
  say(`${fault.title}: put right. What failed can be retried in the sync log.`);
  await app.poll.soon();
  drawScenes(app);
}

async function undoAll(app) {
  const now = wrongNow(app);
  for (const fault of FAULTS.filter((fault) => now[fault.id])) await undo(app, fault);
  say("Everything is put right. What failed can be retried in the sync log.");
  byId("xero-title").focus();
}
