// The Integrations page: where the connection stands, connecting, choosing the organisation, disconnecting.

import { ask, button, byId, el, say } from "./dom.js";
import { actionFor } from "./record.js";
import { CATEGORIES, count, when } from "./words.js";

/** What the return page brought about, said once. */
export function showReturn(app) {
  const query = new URLSearchParams(location.search);
  const outcome = {
    connected: ["good", "You are connected", "Now say which Xero accounts your sales and expenses belong to."],
    choose_organisation: ["wait", "One more step", "You allowed several organisations. Choose the one this account works with."],
  }[query.get("connection")];
  history.replaceState(null, "", `${location.pathname}${location.hash}`);
  if (!outcome) return;
  const [tone, title, text] = outcome;
  const node = el("div", { class: `notice ${tone}`, tabindex: "-1" }, el("h2", {}, title), el("p", {}, text));
  byId("returned").replaceChildren(node);
  app.after(() => node.focus());
}

export function drawConnection(app) {
  const { connection } = app;
  drawStrip(app);
  const signature = JSON.stringify([connection, app.offered]);
  const place = byId("connection-state");
  if (place.signature === signature) return;
  const had = place.contains(document.activeElement);
  place.signature = signature;
  place.replaceChildren(card(app));
  drawSteps(app);
  if (had) byId("connection-title").focus();
}

function card(app) {
  const { status, organisation } = app.connection;
  switch (status) {
    case "connected":
      return connected(app);
    case "choose_organisation":
      return choose(app);
    case "error":
      return lost(app);
    default:
      return organisation ? disconnected(app) : welcome(app);
  }
}

function welcome(app) {
  return el(
    "div",
    { class: "card" },
    el("h2", {}, "Keep Xero in step without typing"),
    el(
      "ul",
      { class: "promises" },
      el("li", {}, "Invoices go to Xero as you make them, under the same number."),
      el("li", {}, "Expenses become bills, ready to be matched with your bank feed."),
      el("li", {}, "When an invoice is paid in Xero, Sessional knows."),
    ),
    el("div", { class: "actions" }, button("Connect to Xero", () => app.connect(), { kind: "main" })),
    el("p", { class: "soft" }, "You sign in at Xero. Sessional never sees your password."),
  );
}

function connected(app) {
  const { organisation, connected_at, last_checked_at, limits } = app.connection;
  return el(
    "div",
    { class: "card" },
    el("div", { class: "top" }, el("h2", {}, organisation.name), el("span", { class: "pill good" }, "Connected")),
    limits.waiting_until &&
      el("div", { class: "notice wait" }, el("p", {}, `Xero asked us to wait until ${when(limits.waiting_until)}. Nothing is lost: what waits is sent then.`)),
    el(
      "dl",
      { class: "facts" },
      el("div", {}, el("dt", {}, "Connected"), el("dd", {}, when(connected_at))),
      last_checked_at && el("div", {}, el("dt", {}, "Xero last answered"), el("dd", {}, when(last_checked_at))),
    ),
    el(
      "div",
      { class: "actions" },
      button("Disconnect from Xero", () => disconnect(app), { kind: "danger" }),
      button("Connect another organisation", () => app.connect()),
    ),
  );
}

function lost(app) {
  const { organisation, error } = app.connection;
  const act = actionFor(app, undefined, error.action);
  const again = error.action === "reauthorise" ? undefined : button("Authorise again", () => app.connect());
  return el(
    "div",
    { class: "card" },
    el("div", { class: "top" }, el("h2", {}, organisation?.name ?? "Xero"), el("span", { class: "pill bad" }, "Error")),
    el("div", { class: "notice bad" }, el("p", {}, error.message)),
    el("div", { class: "actions" }, act, again, button("Disconnect from Xero", () => disconnect(app), { kind: "danger" })),
  );
}

function disconnected(app) {
  return el(
    "div",
    { class: "card" },
    el("div", { class: "top" }, el("h2", {}, app.connection.organisation.name), el("span", { class: "pill off" }, "Disconnected")),
    el("p", {}, "Nothing is synced. What is in Xero stays there, and what is paid stays paid. When you connect the same organisation again, what was synced before is recognised and not doubled."),
    el("div", { class: "actions" }, button("Connect to Xero", () => app.connect(), { kind: "main" })),
  );
}

function choose(app) {
  const offered = app.offered ?? [];
  const options = offered.map((one, at) =>
    el("label", { class: "option" }, el("input", { type: "radio", name: "tenant", value: one.tenant_id, required: true, checked: at === 0 }), el("span", {}, one.name)),
  );
  const form = el(
    "form",
    { class: "card" },
    el("fieldset", {}, el("legend", {}, el("h2", {}, "Which organisation does this account work with?")), options),
    el("p", { class: "soft" }, "One organisation for each Sessional account. The others are left alone."),
    el("div", { class: "actions" }, el("button", { class: "main" }, "Use this organisation"), button("Start again", () => app.connect())),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const tenant = new FormData(form).get("tenant");
    try {
      const { organisation } = await app.api.choose(tenant);
      byId("returned").replaceChildren();
      say(`Connected to ${organisation.name}.`);
    } catch (error) {
      say(error.message, "bad");
    }
    await app.poll.soon();
    byId("mapping-title")?.focus();
  });
  return form;
}

async function disconnect(app) {
  const name = app.connection.organisation?.name ?? "Xero";
  const sure = await ask({
    title: `Disconnect from ${name}?`,
    text: "Nothing more is synced and payment notices stop. Your access is deleted. What is in Xero stays, and you can connect again at any time.",
    confirm: "Disconnect",
  });
  if (!sure) return;
  await app.api.disconnect();
  byId("returned").replaceChildren();
  say(`Disconnected from ${name}.`);
  await app.poll.soon();
  byId("connection-title").focus();
}

function drawStrip(app) {
  const { status, organisation, limits } = app.connection;
  const [tone, text] = {
    connected: ["good", `Connected to ${organisation?.name}`],
    choose_organisation: ["wait", "Choose an organisation to finish connecting"],
    error: ["bad", `The connection to ${organisation?.name ?? "Xero"} needs you`],
  }[status] ?? ["off", "Not connected to Xero"];
  const said = limits.waiting_until ? `${text}. Xero asked us to wait until ${when(limits.waiting_until)}` : text;
  const strip = byId("strip");
  if (strip.textContent === said) return;
  strip.className = `strip ${tone}`;
  strip.textContent = said;
}

/** How far the set-up is, until invoices can go; then which expenses stay behind. */
function drawSteps(app) {
  const { status, setup } = app.connection;
  const named = (words) => words.map((word) => CATEGORIES[word]?.toLowerCase() ?? word).join(", ");
  const steps = [
    [["connected", "error", "choose_organisation"].includes(status), "Connect to Xero"],
    [setup.organisation, "Choose the organisation"],
    [setup.organisation && setup.sales_mapped, "Say which accounts sales and expenses belong to"],
  ];
  const next = steps.findIndex(([done]) => !done);
  const items = steps.map(([done, text], at) =>
    el("li", { class: done ? "done" : at === next ? "next" : "", "aria-current": at === next && "step" }, text, el("span", { class: "heard" }, done ? " (done)" : "")),
  );
  const { broken, unmapped_categories: unmapped } = setup;
  const warnings = broken.map(({ category, account, reason, waiting }) => {
    const which = `${category === "sales" ? "Sales invoices" : CATEGORIES[category]}: ${account ? `“${account}”` : "the account"} cannot be used. ${reason}.`;
    return el("div", { class: "notice bad" }, el("p", {}, which, waiting > 0 && ` ${count(waiting, "document waits", "documents wait")} for it.`, " Choose another below."));
  });
  const skipped = next < 0 && unmapped.length > 0 &&
    el("p", { class: "soft" }, `Expenses of these categories are skipped, because they have no account: ${named(unmapped)}.`);
  byId("steps").replaceChildren(...[...warnings, next >= 0 && el("ol", { class: "steps" }, items), skipped].filter(Boolean));
}
