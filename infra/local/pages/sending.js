// Handing Sessional's documents to the service, in the form of the contract.

import { Refused } from "./api.js";

/** The invoice as the contract has it, without what this browser adds. */
export function contract({ id, number, reference, currency, issued_on, due_on, line_amounts, total, organisation, lines }) {
  const url = `https://app.sessional.example/invoices/${id}`;
  return { id, number, ...(reference && { reference }), currency, issued_on, due_on, line_amounts, total, url, organisation, lines };
}

/** Hands an event over. What is not connected yet keeps the document in Sessional and says so. */
export async function hand(app, event) {
  try {
    await app.api.send(event);
    return true;
  } catch (error) {
    const kept = error instanceof Refused && error.problem?.action === "connect";
    if (!kept) throw error;
    return false;
  }
}
