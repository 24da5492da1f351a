// Sessional's sign-in, played: whoever is named is signed in, and goes back to where the sign-in was asked for.

import { signIn } from "./session.js";

/** A path of this site, whatever the address says. */
function back() {
  const asked = new URL(new URLSearchParams(location.search).get("back") ?? "/", location.origin);
  return asked.origin === location.origin ? `${asked.pathname}${asked.search}${asked.hash}` : "/";
}

const form = document.getElementById("sign-in");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { account, user } = Object.fromEntries(new FormData(form));
  if (signIn(account, user || account)) location.replace(back());
  else document.getElementById("blocked").hidden = false;
});
