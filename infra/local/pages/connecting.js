// Connecting to Xero, as far as this browser has a part in it: what is kept here, and the three calls. The page with the
// button "Connect to Xero" uses `begin`, the return page the rest.
//
// The browser key proves that a consent comes back to the browser in which it was begun. It stays in the app's own
// storage and is sent to the API alone. The confirmation opens Xero's answer for four minutes, and only together with
// the key and a token of the person who began. Neither is ever put into an address.

import { apiUrl, askToSignIn, person, token } from "./session.js";

const KEY = "xero-browser-key";
const CONFIRMATION = "xero-confirmation";

const thisTab = () => sessionStorage;
const thisBrowser = () => localStorage;

/**
 * "Connect to Xero": asks for a consent, keeps its browser key, and goes to Xero in this same window. What a choice needs
 * beyond the usual is named by the problem that refused the choice.
 */
export async function begin(needed = []) {
  if (!person()) return askToSignIn(location.pathname);
  if (!keep(thisBrowser, "xero-try", true)) {
    throw new Error("This browser keeps nothing for Sessional, so it could not tell later that it was you. Allow Sessional to store data (“cookies and site data”), and connect again.");
  }
  forget(thisBrowser, "xero-try");
  const { authorise_url, browser_key, expires_at } = await call("POST", "/connection", { needed });
  const kept = { key: browser_key, until: expires_at, ...person() };
  // The tab's own first: with two tabs each has its own consent. The browser's is for a way back in another tab.
  keep(thisTab, KEY, kept);
  keep(thisBrowser, KEY, kept);
  location.assign(authorise_url);
}

/** What was kept when the consent was begun in this browser: the key, and who began. */
export function begun() {
  const all = [kept(thisTab, KEY), kept(thisBrowser, KEY)];
  return all.find((one) => one && Date.parse(one.until) > Date.now());
}

/** The confirmation that this tab waits to redeem: over a reload, and over a sign-in. */
export const waiting = () => kept(thisTab, CONFIRMATION);

/** Redeems the confirmation for the person who is signed in. The same call again answers how it stands now. */
export const confirm = (confirmation, { key }) =>
  call("POST", "/connection/confirmation", { confirmation, browser_key: key });

/** Makes a confirmation worthless. Needs no token: whoever has it and not the key may do nothing else with it. */
export async function burn(confirmation) {
  const url = `${await apiUrl()}/connection/confirmation`;
  const headers = { "content-type": "application/json" };
  // Goes out even if the page is closed meanwhile.
  const request = { method: "DELETE", headers, body: JSON.stringify({ confirmation }), credentials: "omit", keepalive: true };
  const answer = await fetch(url, request);
  if (!answer.ok) throw new Problem(answer.status);
  forgetAll();
}

/** How the connection stands. */
export const present = () => call("GET", "/connection");

/** Forgets what belongs to the consent that came back. */
export function forgetAll() {
  const own = kept(thisTab, KEY);
  if (!own || kept(thisBrowser, KEY)?.key === own.key) forget(thisBrowser, KEY);
  forget(thisTab, KEY);
  forget(thisTab, CONFIRMATION);
}

/** What the service answered instead of doing it: problem details (RFC 9457). */
export class Problem extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? "Sessional could not finish this. Try again in a minute.");
    this.status = status;
    this.action = problem?.action;
  }
}

async function call(method, path, body) {
  const headers = { authorization: `Bearer ${await token()}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  // No cookies: the browser would not send them to another site, and the API knows none.
  const answer = await fetch(`${await apiUrl()}${path}`, { method, headers, body: body && JSON.stringify(body), credentials: "omit" });
  const json = await answer.json().catch(() => undefined);
  if (!answer.ok) throw new Problem(answer.status, json);
  return json;
}

// A browser may refuse to keep anything (“block all cookies”): reading then finds nothing, and writing says so.

function keep(storage, name, value) {
  try {
    storage().setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

function kept(storage, name) {
  try {
    return JSON.parse(storage().getItem(name)) ?? undefined;
  } catch {
    return undefined;
  }
}

function forget(storage, name) {
  try {
    storage().removeItem(name);
  } catch {
    // Then nothing was kept.
  }
}
