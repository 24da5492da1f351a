// What the dialogs are made of.

import { el } from "./dom.js";

/** Shows a dialog; when it closes it is gone, and the focus is where it was. */
export function open(dialog, otherwise) {
  const from = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    (from?.isConnected ? from : otherwise).focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}

let fields = 0;

/** An input with its label above it. */
export function field(label, name, value, attributes = {}) {
  const id = `field-${(fields += 1)}`;
  return el("div", { class: "field" }, el("label", { for: id }, label), el("input", { id, name, value, autocomplete: "off", ...attributes }));
}

/** A choice with its label above it. */
export function choice(label, name, value, options, attributes = {}) {
  const id = `field-${(fields += 1)}`;
  const select = el("select", { id, name, ...attributes }, options.map(([word, text]) => el("option", { value: word }, text)));
  select.value = value;
  return el("div", { class: "field" }, el("label", { for: id }, label), select);
}
