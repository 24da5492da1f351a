// The page that Xero's answer comes back to. It runs before anything else on the page, finishes the connection for the
// person who began it in this browser, and says what happened. To anybody else it gives nothing away.

(async () => {
  "use strict";

  // 1. At once: out of the address, the history and every referrer. What is needed stays in this tab alone.
  const query = new URLSearchParams(location.search);
  const brought = new URLSearchParams(location.hash.slice(1)).get("confirmation");
  history.replaceState(null, "", location.pathname);
  if (brought) {
    try {
      sessionStorage.setItem("xero-confirmation", JSON.stringify(brought));
    } catch {
      // A browser that keeps nothing has no browser key either.
    }
  }
  // Shown again out of the browser's memory ("back"): say how it stands now.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  // Another fragment in the same tab is no new page to the browser.
  addEventListener("hashchange", () => location.reload());

  const page = new Promise((ready) => addEventListener("DOMContentLoaded", ready));
  const { begin, begun, burn, confirm, forgetAll, present, waiting, Problem } = await import("./connecting.js");
  const { askToSignIn, person } = await import("./session.js");
  await page;

  /** Why the callback sent no confirmation. */
  const REASONS = {
    cancelled: "You cancelled at Xero. Nothing was connected and nothing has changed.",
    expired: "The page at Xero was open for more than an hour. Connect again.",
    unknown_state: "That link was used already or is too old. Connect again.",
    try_again: "Sessional could not answer just now. Connect again in a minute; nothing was changed.",
    refused_by_xero: "Xero did not allow the connection. Try again in a minute; if it stays so, contact support.",
  };

  const again = ["Connect to Xero", begin];
  const home = ["Back to Sessional", () => location.assign("/#connection")];

  function show(title, text, ...actions) {
    document.getElementById("title").textContent = title;
    document.getElementById("text").textContent = text;
    const buttons = actions.map(([label, work], at) => {
      const button = document.createElement("button");
      button.className = at === 0 ? "main" : "quiet";
      button.textContent = label;
      button.addEventListener("click", () => Promise.resolve().then(work).catch(failed));
      return button;
    });
    document.getElementById("actions").replaceChildren(...buttons);
    document.getElementById("title").focus();
  }

  // 2. What the callback says without a confirmation.
  async function arrive() {
    const outcome = query.get("connection");
    if (outcome === "error") {
      return nothingCame(REASONS[query.get("reason")] ?? "The connection could not be made. Connect again.");
    }
    const confirmation = brought ?? waiting();
    return confirmation ? finish(confirmation) : stands();
  }

  // 3. The confirmation is for the browser and the person that began, in this order: without the key nobody signs in.
  async function finish(confirmation) {
    const beginning = begun();
    if (!beginning) {
      await burn(confirmation);
      return show("Start again here", "This connection was begun in another browser or app, and nothing was connected. Connect here if you want Sessional to work with your Xero organisation. If somebody sent you this link, close this page.", again, home);
    }
    const who = person();
    const signIn = ["Sign in", () => askToSignIn(location.pathname)];
    if (!who) return show("Sign in to finish", "Xero has answered. Sign in to Sessional to finish connecting; do it within four minutes.", signIn);
    if (who.account !== beginning.account || who.user !== beginning.user) {
      const other = ["Connect to Xero", () => burn(confirmation).then(begin)];
      return show("You are signed in as somebody else", `You are ${who.user}. ${beginning.user} began to connect ${beginning.account}, and only they can finish it: sign in as them, or connect ${who.account} yourself.`, signIn, other);
    }
    show("Connecting to Xero…", "This takes a few seconds.");
    const { status } = await confirm(confirmation, beginning);
    forgetAll();
    goOn(status);
  }

  // 4. A reload, the back button, a second tab: how it stands now.
  async function stands() {
    if (!person()) return show("Sign in", "Sign in to Sessional to see how your connection to Xero stands.", ["Sign in", () => askToSignIn(location.pathname)]);
    const { status, organisation } = await present();
    if (status === "connected" || status === "choose_organisation") return goOn(status);
    if (status === "error") return show("Connect again", `The connection to ${organisation?.name ?? "Xero"} is lost.`, again, home);
    return show("You are not connected", "Nothing is connected. Connect again.", again, home);
  }

  /** Nothing came of this consent; what was connected before still is. */
  async function nothingCame(sentence) {
    forgetAll();
    const { status, organisation } = person() ? await present().catch(() => ({})) : {};
    if (status === "connected") return show(`Still connected to ${organisation.name}`, sentence, home, again);
    show("Nothing was connected", sentence, again, home);
  }

  function goOn(status) {
    location.replace(`/?connection=${encodeURIComponent(status)}#connection`);
  }

  function failed(error) {
    // The confirmation waits: it was not looked at.
    const signInAgain = error instanceof Problem && (error.status === 401 || error.action === "sign_in_again");
    if (signInAgain) return show("Sign in to finish", error.message, ["Sign in", () => askToSignIn(location.pathname)]);
    // A refusal is final. What got no answer is asked again with the same confirmation: the answer is then how it stands.
    if (error instanceof Problem && error.status < 500 && error.status !== 429) {
      return nothingCame(error.message);
    }
    const text = error instanceof TypeError ? "Sessional could not be reached. Nothing is lost: try again." : error.message;
    return show("Not finished yet", text, ["Try again", () => arrive()], home);
  }

  await arrive().catch(failed);
})();
