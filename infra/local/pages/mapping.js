// Which Xero account each category belongs to. Suggestions are shown beside each choice and change nothing
// until the person takes them and saves.

import { begin } from "./connecting.js";
import { busy, button, byId, el, say } from "./dom.js";
import { CATEGORIES } from "./words.js";

/** Draws the form when there is a chart to choose from; leaves it alone while it is being filled in. */
export function drawMapping(app) {
  const place = byId("mapping");
  const { chart, mapping, connection } = app;
  if (connection.status !== "connected" || !chart || !mapping) {
    place.signature = undefined;
    place.replaceChildren();
    return;
  }
  const signature = JSON.stringify([chart.accounts, mapping, connection.organisation.tenant_id]);
  if (place.signature === signature) return;
  const focused = place.contains(document.activeElement) && document.activeElement.id;
  place.signature = signature;
  place.replaceChildren(form(app));
  if (focused) byId(focused)?.focus();
}

function form(app) {
  const { chart, mapping } = app;
  const rows = [
    row(app, "sales", "Sales invoices", "sales", mapping.sales?.account_id),
    ...Object.entries(CATEGORIES).map(([word, name]) => row(app, word, name, "expense", mapping.expenses[word]?.account_id)),
  ];
  const node = el(
    "form",
    { class: "card", id: "mapping-form" },
    el("h2", { id: "mapping-title", tabindex: "-1" }, "Account mapping"),
    chart.plan && el("div", { class: "notice", id: "plan" }, chart.plan.message),
    el("p", { class: "soft" }, "Which account of your chart does each category belong to? A category without one is skipped, and the sync log says so."),
    el("div", { class: "actions" },
      chart.suggestions.length > 0 && button("Use all suggestions", () => useAll(node, chart)),
      button("Read the chart again", () => reread(app), { id: "reread" })),
    el("div", { class: "rows" }, rows),
    documents(chart, mapping.expense_documents),
    el("div", { class: "notice bad", id: "mapping-wrong", role: "alert", hidden: true }),
    el("div", { class: "actions" }, el("button", { class: "main", id: "save-mapping" }, "Save mapping")),
  );
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(byId("save-mapping"), () => save(app, node));
  });
  return node;
}

const name = (account) => (account.code ? `${account.code} ${account.name}` : account.name);

function options(chart, choice, chosen) {
  const fits = chart.accounts.filter((account) => account.choosable_for.includes(choice));
  const gone = chosen && !fits.some((account) => account.account_id === chosen);
  const known = gone && chart.accounts.find((account) => account.account_id === chosen);
  const groups = Map.groupBy ? Map.groupBy(fits, (account) => account.class) : new Map([["", fits]]);
  const groupNames = { REVENUE: "Revenue", EXPENSE: "Expenses", ASSET: "Assets", LIABILITY: "Liabilities" };
  const option = (account) => el("option", { value: account.account_id }, name(account));
  return [
    gone && el("option", { value: chosen }, `${known ? name(known) : "An account"} (cannot be used any more)`),
    [...groups].map(([group, accounts]) =>
      groups.size > 1 ? el("optgroup", { label: groupNames[group] ?? group }, accounts.map(option)) : accounts.map(option)),
  ];
}

function row(app, word, label, choice, chosen) {
  const { chart } = app;
  const suggestion = chart.suggestions.find((one) => one.category === word);
  const account = suggestion && chart.accounts.find((one) => one.account_id === suggestion.account_id);
  const select = el(
    "select",
    { id: `map-${word}`, name: word, "aria-describedby": account && `suggest-${word}` },
    el("option", { value: "" }, choice === "sales" ? "Choose an account" : "None: skip these expenses"),
    options(chart, choice, chosen),
  );
  select.value = chosen ?? "";
  const use = account && button(el("span", {}, "Use", el("span", { class: "heard" }, ` ${name(account)} for ${label}`)), () => take(select, account), { kind: "plain" });
  const hint = account && el("p", { class: "hint" }, el("span", { id: `suggest-${word}` }, `${suggestion.confidence === "high" ? "Suggested" : "Perhaps"}: ${name(account)}. ${suggestion.reason}.`), " ", use);
  const show = () => hint && (hint.hidden = select.value === account.account_id);
  select.addEventListener("change", show);
  show();
  return el("div", { class: "row" }, el("label", { for: select.id }, label), el("div", {}, select, hint));
}

function take(select, account) {
  select.value = account.account_id;
  select.dispatchEvent(new Event("change"));
  select.focus();
}

function useAll(node, chart) {
  for (const { category, account_id } of chart.suggestions) {
    const select = node.elements[category];
    if (!select || select.value !== "") continue;
    select.value = account_id;
    select.dispatchEvent(new Event("change"));
  }
  say("The suggestions are filled in. Look through them, then save.");
}

function documents(chart, chosen) {
  const value = chosen.post_as === "spend_money" ? "spend_money" : `bill-${chosen.status}`;
  const bank = el("select", { id: "bank", name: "bank" }, options(chart, "bank", chosen.bank_account_id));
  if (chosen.bank_account_id) bank.value = chosen.bank_account_id;
  const bankRow = el("div", { class: "row" }, el("label", { for: "bank" }, "Paid from"), el("div", {}, bank));
  const radio = (word, title, text) =>
    el("label", { class: "option" },
      el("input", { type: "radio", name: "post_as", value: word, checked: word === value }),
      el("span", {}, el("strong", {}, title), el("span", { class: "hint" }, text)));
  const node = el(
    "fieldset",
    {},
    el("legend", {}, "How expenses get into Xero"),
    radio("bill-authorised", "Bills, approved", "Your bank feed matches them, and nothing is doubled."),
    radio("bill-draft", "Bills, as drafts", "You or your bookkeeper approve each one in Xero."),
    radio("spend_money", "Spend money", "Straight from a bank account. Match it, do not create it, when you reconcile."),
    bankRow,
  );
  const show = () => (bankRow.hidden = !node.querySelector("[value=spend_money]").checked);
  node.addEventListener("change", show);
  show();
  return node;
}

async function reread(app) {
  app.chart = await app.api.accounts(true);
  drawMapping(app);
  say("The chart of accounts is up to date.");
  byId("reread")?.focus();
}

async function save(app, node) {
  const wrong = byId("mapping-wrong");
  wrong.hidden = true;
  for (const field of node.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const values = Object.fromEntries(new FormData(node));
  const target = (word) => (values[word] ? { account_id: values[word] } : undefined);
  const choices = {
    sales: target("sales") ?? null,
    expenses: Object.fromEntries(Object.keys(CATEGORIES).filter(target).map((word) => [word, target(word)])),
    expense_documents:
      values.post_as === "spend_money"
        ? { post_as: "spend_money", bank_account_id: values.bank }
        : { post_as: "bill", status: values.post_as === "bill-draft" ? "draft" : "authorised" },
    // What somebody else has changed meanwhile is not overwritten.
    version: app.mapping.version,
  };
  try {
    app.mapping = await app.api.map(choices);
  } catch (error) {
    if (error.problem?.type === "/problems/conflict") return changedElsewhere(app);
    if (error.problem?.type === "/problems/permission-needed") return askForMore(error);
    const errors = error.problem?.errors ?? (error.problem?.field ? [error.problem] : []);
    const words = errors.map(({ field }) => point(node, field));
    const others = errors.slice(1).map(({ detail }) => el("li", {}, `${detail}.`));
    wrong.replaceChildren(el("p", {}, error.message), el("ul", {}, others));
    node.elements[words[0]]?.focus();
    wrong.hidden = false;
    return;
  }
  say("The mapping is saved. What was held for sales goes on by itself; what was skipped or failed waits for Retry.");
  drawMapping(app);
  byId("mapping-title").focus();
  await app.poll.soon();
}

/** A choice needs more of Xero than was asked for: says why, and offers to ask. */
function askForMore(error) {
  const wrong = byId("mapping-wrong");
  const ask = button("Allow in Xero", () => begin([error.problem.needed]), { kind: "main", id: "allow-more" });
  wrong.replaceChildren(el("p", {}, error.message), el("div", { class: "actions" }, ask));
  wrong.hidden = false;
  ask.focus();
}

/** Another tab or another person saved first. */
async function changedElsewhere(app) {
  app.mapping = await app.api.mapping();
  drawMapping(app);
  byId("mapping-title").focus();
  say("The mapping was changed elsewhere meanwhile. It is shown as it is now: change it and save again.", "bad");
}

/** Marks the field that a problem names, such as `expenses.fuel.account_id`; gives what it is called here. */
function point(node, field) {
  const parts = field.split(".");
  const word = parts[0] === "expenses" ? parts[1] : { sales: "sales", expense_documents: "bank" }[parts[0]];
  node.elements[word]?.setAttribute("aria-invalid", "true");
  return word;
}
