// The public API of the service, as the Sessional app calls it from its own site, and what the local stack adds for
// itself.

import { apiUrl, token } from "./session.js";

/** What the service answered instead of doing it: problem details (RFC 9457). */
export class Refused extends Error {
  constructor(status, problem) {
    super(sentence(status, problem));
    this.status = status;
    this.problem = problem;
  }
}

function sentence(status, problem) {
  if (problem?.detail) return `${problem.detail}.`.replace(/\.\.$/, ".");
  if (status === 404) return "This service does not know this call yet.";
  return `The service could not answer (${status}). Try again in a minute.`;
}

/** The calls of one account. */
export class Api {
  constructor(account) {
    this.account = account;
  }

  async call(method, path, body, anew = false) {
    const headers = { authorization: `Bearer ${await token(anew)}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const options = { method, headers, body: body && JSON.stringify(body), credentials: "omit" };
    const answer = await reach(`${await apiUrl()}${path}`, options);
    // A token lives for hours; a page may be open for longer.
    if (answer.status === 401 && !anew) return this.call(method, path, body, true);
    const text = await answer.text();
    const json = text && parsed(text);
    if (!answer.ok) throw new Refused(answer.status, json);
    return json;
  }

  connection = () => this.call("GET", "/connection");
  disconnect = () => this.call("DELETE", "/connection");
  organisations = () => this.call("GET", "/connection/organisations");
  choose = (tenant) => this.call("PUT", "/connection/organisation", { tenant_id: tenant });
  accounts = (refresh) => this.call("GET", refresh ? "/accounts?refresh=true" : "/accounts");
  mapping = () => this.call("GET", "/account-mapping");
  map = (choices) => this.call("PUT", "/account-mapping", choices);
  contacts = (search) => this.call("GET", `/contacts?${new URLSearchParams({ search })}`);
  linkContact = (client, contact) => this.call("PUT", `/contacts/${encodeURIComponent(client)}`, { contact_id: contact });
  records = (query = {}) => this.call("GET", `/records?${new URLSearchParams(query)}`);
  causes = () => this.call("GET", "/records/causes");
  retry = (kind, id) => this.call("POST", `/records/${kind}/${encodeURIComponent(id)}/retry`);
  adopt = (kind, id) => this.call("POST", `/records/${kind}/${encodeURIComponent(id)}/adopt`);
  retryAll = (cause) => this.call("POST", "/records/retry", { cause });
  check = (event) => this.call("POST", "/events?dry_run=true", { events: [event] });

  /** Sends one event; a refusal of it is an error like any other. */
  async send(event) {
    const { results } = await this.call("POST", "/events", { events: [event] });
    const [result] = results;
    if (result.status !== "accepted") throw new Refused(result.problem.status, result.problem);
  }

  /** One thing that happened, in the form of the contract. */
  event(type, subject) {
    return {
      version: 1,
      id: `evt_${crypto.randomUUID()}`,
      type,
      account_id: this.account,
      occurred_at: new Date().toISOString(),
      ...subject,
    };
  }

  /** What Sessional's backend was told about this account. */
  async notifications() {
    const answer = await reach(`/_local/notifications?account=${encodeURIComponent(this.account)}`);
    return answer.ok ? answer.json() : [];
  }
}

/** The stand-in's controls: what happens at Xero without this service. */
export async function xero(method, path, body) {
  const headers = { "content-type": "application/json" };
  const answer = await reach(`/_local/xero${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  const json = text && parsed(text);
  if (!answer.ok) throw new Error(json?.error ?? `The Xero stand-in answered ${answer.status}.`);
  return json;
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    throw new Error("The local stack does not answer. Is it still running in its terminal?");
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
