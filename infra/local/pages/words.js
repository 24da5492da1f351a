// The contract's words as a freelancer reads them.

/** What a record's state is called, how it looks, and what it means. */
export const STATES = {
  intent: { label: "On its way", tone: "busy", meaning: "It is being sent to Xero." },
  synced: { label: "In Xero", tone: "good", meaning: "It is in Xero and not paid yet." },
  part_paid: { label: "Part paid", tone: "good", meaning: "It is in Xero, and a part of it is paid there." },
  paid: { label: "Paid", tone: "done", meaning: "It is in Xero and paid there." },
  held: { label: "Waiting", tone: "wait", meaning: "It waits until something else is put right, and is then sent by itself." },
  failed: { label: "Needs you", tone: "bad", meaning: "It is not in Xero. Somebody has to act." },
  skipped: { label: "Skipped", tone: "wait", meaning: "It was not sent, because its category has no account." },
  voided: { label: "Voided", tone: "off", meaning: "It was in Xero and is voided or deleted there." },
  tombstone: { label: "Never sent", tone: "off", meaning: "It was taken back before it was sent." },
};

/** The expense categories of the contract, in the app's order. */
export const CATEGORIES = {
  fuel: "Fuel",
  mileage: "Mileage",
  equipment: "Equipment",
  training: "Training",
  insurance: "Insurance",
  subscriptions: "Subscriptions",
  professional_fees: "Professional fees",
  other: "Other",
};

/** What Sessional's backend was told, by the notification's type. */
export const NOTIFICATIONS = {
  "invoice.paid": (told, name) => `${name} is paid`,
  "invoice.part_paid": (told, name) => `${name} is partly paid`,
  "invoice.settled_by_credit": (told, name) => `${name} is settled by credit`,
  "invoice.payment_reversed": (told, name) => `Less of ${name} is paid than before`,
  "record.synced": (told, name) => `${name} is in Xero`,
  "record.waiting": (told, name) => `${name} waits`,
  "record.diverged": (told, name) => `${name} was changed in Xero`,
  "record.failed": (told, name) => `${name} could not be synced`,
  "connection.connected": (told) => `Connected to ${told.organisation}`,
  "connection.error": () => "The connection to Xero was lost",
  "event.refused": ({ field }) => `An event could not be read${field ? `: ${field}` : ""}`,
  "connection.disconnected": () => "Disconnected from Xero",
};

/** What would happen to a document, as a dry run says it. */
export const OUTCOMES = {
  would_create: "It would be created in Xero.",
  would_update: "The document in Xero would be updated.",
  would_mark_sent: "It would be marked as sent in Xero.",
  would_void: "It would be voided in Xero.",
  would_delete: "It would be deleted in Xero.",
  would_skip: "It would be skipped.",
  would_hold: "It would wait.",
  would_fail: "It would be refused.",
  nothing_to_do: "There is nothing to do.",
  refused: "The event is not valid.",
};

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** An instant: the time alone if it was today. */
export function when(instant) {
  const date = new Date(instant);
  const today = date.toDateString() === new Date().toDateString();
  return today ? `today, ${clock.format(date)}` : `${day.format(date)}, ${clock.format(date)}`;
}

/** A calendar day such as 2026-11-20. */
export const date = (text) => (text ? day.format(new Date(`${text}T12:00:00`)) : "–");

/** Today and days from it, in the browser's time zone. */
export function dayFrom(days = 0) {
  const date = new Date();
  date.setDate(date.getDate() + days);
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
