// Behind the scenes: what a bookkeeper can do in Xero, and what can go wrong there, each with what will happen.
// Every one of them concerns the connected organisation alone, and can be taken back.

import { xero } from "./api.js";
import { dayFrom } from "./words.js";

const act = (at, body) => xero("POST", `/organisations/${at.tenant}/acts`, body);
const change = (at, body) => xero("PATCH", `/organisations/${at.tenant}`, body);
const order = (at, operation, kind, count = 1) => xero("POST", "/faults", { operation, tenant: at.tenant, count, kind });
const clear = (at) => xero("DELETE", `/faults?tenant=${at.tenant}`);

/**
 * `once` ends by itself; the others last until they are taken back. `kind` is what the stand-in calls an order for
 * a failure, so that it can say which ones still wait. `at` is where: tenant, app, sales account.
 */
export const FAULTS = [
  {
    id: "busy", kind: "too_many_requests", group: "Xero as a service", once: true, title: "Too many requests",
    what: "Xero refuses the next call and asks for 20 seconds of patience. What you send waits, and goes by itself.",
    start: (at) => order(at, "*", { too_many_requests: { problem: "minute", retry_after: 20 } }),
    undo: clear,
  },
  {
    id: "slow", kind: "slow", group: "Xero as a service", once: true, title: "A slow answer",
    what: "The next three answers take six seconds each. Nothing fails; it only takes longer.",
    start: (at) => order(at, "*", { slow: { milliseconds: 6000 } }, 3),
    undo: clear,
  },
  {
    id: "lost", kind: "drop_after", group: "Xero as a service", once: true, title: "The answer is lost",
    what: "Xero saves the next new invoice, but its answer never arrives. It is looked up before anything is sent again, so there is one invoice and not two.",
    start: (at) => order(at, "createInvoices", "drop_after"),
    undo: clear,
  },
  {
    id: "offline", group: "Xero as a service", title: "Xero is offline",
    what: "Every call is refused. The service asks again after five minutes; nothing is lost.",
    start: (at) => change(at, { offline: true }),
    undo: (at) => change(at, { offline: false }),
  },
  {
    id: "clash", group: "In the books", once: true, title: "The next number is taken",
    what: "The bookkeeper makes an invoice with the number that your next invoice has. Yours is refused, theirs is not touched, and you are told to use another number.",
    start: (at) => act(at, { create_invoice: { fields: foreign(at) } }),
  },
  {
    id: "lock", group: "In the books", title: "Lock the books up to today",
    what: "What is dated today or earlier is refused, with who can change that.",
    start: (at) => act(at, { lock_period: { until: dayFrom(0), end_of_year: true } }),
    undo: (at) => act(at, { lock_period: { until: null, end_of_year: true } }),
  },
  {
    id: "archive", group: "In the books", title: "Archive the sales account", needs: "sales",
    what: "The account that sales are mapped to is archived. The next invoice is refused until you choose another or it is restored.",
    start: (at) => act(at, { archive_account: { code: at.sales, archived: true } }),
    undo: (at, code) => act(at, { archive_account: { code: code ?? at.sales, archived: false } }),
  },
  {
    id: "plan", group: "In the books", title: "Use up the Xero plan",
    what: "The organisation’s plan allows no more approved documents this month. The next one is refused with what to do.",
    start: (at) => change(at, { approvals_left: 0 }),
    undo: (at) => change(at, { approvals_left: 1_000_000 }),
  },
  {
    id: "revoke", group: "The connection", once: true, title: "Disconnect Sessional in Xero",
    what: "As under Connected apps in Xero. The next thing you send finds out: the connection shows an error, your work waits, and it goes in order when you authorise again.",
    start: (at) => act(at, { disconnect_app: { client_id: at.app } }),
  },
];

/** The kinds of the failures that are ordered for an organisation and have not happened yet. */
export async function ordered(tenant) {
  const waiting = (await xero("GET", "/faults")).filter((fault) => fault.tenant === tenant);
  return waiting.map(({ kind }) => (typeof kind === "string" ? kind : Object.keys(kind)[0]));
}

/** Somebody else's invoice, made by hand. */
function foreign(at) {
  return {
    Type: "ACCREC", Status: "AUTHORISED", InvoiceNumber: at.number, Contact: { ContactID: at.contact },
    Date: dayFrom(0), DueDate: dayFrom(14), LineAmountTypes: "Exclusive",
    LineItems: [{ Description: "Made by hand in Xero", Quantity: 1, UnitAmount: 75, AccountCode: at.sales ?? "200" }],
  };
}

/** A contact of the bookkeeper's own, found or made. */
export async function contactOf(tenant) {
  const name = "Walk-in customer";
  const { Contacts: contacts } = await xero("GET", `/organisations/${tenant}/snapshot`);
  const found = contacts.find((contact) => contact.Name === name);
  if (found) return found.ContactID;
  const made = await xero("POST", `/organisations/${tenant}/acts`, { create_contact: { fields: { Name: name } } });
  return made.id;
}
