// Sessional's own side: where the API is, who is signed in to Sessional in this browser, and a token of theirs. An app
// has all this already; here the local stack plays it.

const SIGNED_IN = "session";

/** A token of the local issuer lives for twelve hours. An answer to one that is too old may come without a word for
 *  scripts, so it is replaced before. */
const FRESH_FOR = 11 * 60 * 60 * 1000;

let around;

/** What is around the page: the API, the stand-in for Xero, and how that knows the app. */
export async function surroundings() {
  around ??= fetch("/_local/stack").then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error("The local stack is still starting."))));
  return around;
}

/** Where the API is. */
export const apiUrl = async () => (await surroundings()).api;

/** Who is signed in: the account, and which of its people. Undefined for nobody. */
export function person() {
  try {
    return JSON.parse(localStorage.getItem(SIGNED_IN)) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Signs somebody in. False where the browser keeps nothing for this site. */
export function signIn(account, user = account) {
  try {
    localStorage.setItem(SIGNED_IN, JSON.stringify({ account, user }));
    return true;
  } catch {
    return false;
  }
}

export function signOut() {
  localStorage.removeItem(SIGNED_IN);
  tokens.clear();
}

/** Goes to the sign-in, and from there back to a path of this site. Nothing but the path travels with it. */
export function askToSignIn(back) {
  location.assign(`/sign-in?${new URLSearchParams({ back })}`);
}

const tokens = new Map();

/** A token for the API of who is signed in; undefined for nobody. */
export async function token(anew = false) {
  const who = person();
  if (!who) return undefined;
  const name = JSON.stringify(who);
  const known = tokens.get(name);
  if (known && !anew && Date.now() - known.at < FRESH_FOR) return known.token;
  const answer = await fetch(`/_local/token?${new URLSearchParams(who)}`);
  if (!answer.ok) throw new Error("Sessional’s sign-in does not answer. Try again in a minute.");
  tokens.set(name, { token: await answer.text(), at: Date.now() });
  return tokens.get(name).token;
}
