// The dialog in which a client's contact in Xero is chosen, where the one that was found does not do.

import { problem } from "./check.js";
import { busy, button, byId, el, say } from "./dom.js";
import { field, open } from "./forms.js";

/** What a record fails for that another contact puts right. */
const CAUSES = ["contact_archived", "contact_name_taken", "email_invalid"];

/** The button for it; undefined where that is not what stopped the record, or this browser does not know its client. */
export function chooseFor(app, record) {
  const client = record.kind === "invoice" && app.store.invoice(record.id)?.organisation;
  if (!client || !CAUSES.includes(record.failure?.cause)) return undefined;
  const label = el("span", {}, "Choose the contact in Xero", el("span", { class: "heard" }, ` for ${record.number}`));
  return button(label, () => choose(app, client), { kind: "quiet", "data-of": record.id, "data-name": "contact" });
}

function choose(app, client) {
  const result = el("div", { class: "rows", "aria-live": "polite" });
  const form = el(
    "form",
    { class: "sheet" },
    el("h2", { id: "form-title" }, `Who is ${client.name} in Xero?`),
    field("Search for a name, an e-mail address or a number", "search", client.name, { required: true, maxlength: 100, autofocus: true }),
    result,
    el("div", { class: "actions" },
      el("button", { class: "main" }, "Search"),
      button("Cancel", () => dialog.close(), { kind: "plain" })),
  );
  const dialog = el("dialog", { class: "form", "aria-labelledby": "form-title" }, form);

  const failed = (error) => result.replaceChildren(problem(error));

  async function search() {
    const { contacts, more } = await app.api.contacts(new FormData(form).get("search"));
    const none = contacts.length === 0 && "Xero has no such contact. Search for less of the name.";
    const cut = more && "There are more. Search for more of the name.";
    result.replaceChildren(...contacts.map(drawChoice), ...[none, cut].filter(Boolean).map((sentence) => el("p", { class: "soft" }, sentence)));
  }

  function drawChoice({ contact_id, name, linked_to }) {
    const taken = linked_to && linked_to !== client.id;
    const label = el("span", {}, "Choose", el("span", { class: "heard" }, ` ${name}`));
    const act = taken ? el("span", { class: "soft" }, "Another client’s") : button(label, () => link(contact_id).catch(failed));
    return el("div", { class: "top" }, el("span", {}, name), act);
  }

  async function link(contact) {
    const { name } = await app.api.linkContact(client.id, contact);
    dialog.close();
    say(`${client.name} is “${name}” in Xero from now on. Retry what was not sent.`);
    await app.poll.soon();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form.querySelector("button.main"), () => search().catch(failed));
  });
  open(dialog, byId("invoices-title"));
}
