// Elements, lists that keep what did not change, and what a screen reader is told.

/** An element: attributes by name, `on…` as listeners, anything else inside it. Text is never read as markup. */
export function el(tag, attributes, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...inside.flat(Infinity).filter((part) => part !== undefined && part !== null && part !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** A button; while its work runs it cannot be pressed again. */
export function button(label, work, { kind = "quiet", ...attributes } = {}) {
  const node = el("button", { type: "button", class: kind, ...attributes }, label);
  node.addEventListener("click", () => busy(node, work));
  return node;
}

export async function busy(node, work) {
  if (node.getAttribute("aria-disabled") === "true") return;
  // Not `disabled`: that would take the focus away from who pressed it.
  node.setAttribute("aria-disabled", "true");
  try {
    await work(node);
  } catch (error) {
    say(error.message, "bad");
  } finally {
    node.removeAttribute("aria-disabled");
  }
}

/** Shows a list. An item whose signature did not change keeps its element, and with it focus and what is open. */
export function keep(list, items, { key, draw, empty }) {
  const known = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item) => {
    const id = key(item);
    const signature = JSON.stringify(item);
    const before = known.get(id);
    if (before?.signature === signature) return before;
    const node = draw(item);
    node.dataset.key = id;
    node.signature = signature;
    if (before) carryOver(before, node);
    return node;
  });
  if (nodes.length === 0 && empty) {
    const said = JSON.stringify(empty.textContent);
    if (list.firstElementChild?.signature === said && list.children.length === 1) return;
    empty.signature = said;
    nodes.push(empty);
  }
  const same = nodes.length === list.children.length && nodes.every((node, at) => list.children[at] === node);
  if (same) return;
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  list.replaceChildren(...nodes);
  // Moving an element takes its focus; a redrawn one has a twin of the same name.
  if (focused?.isConnected) focused.focus({ preventScroll: true });
  else if (focused) twin(list, focused)?.focus({ preventScroll: true });
}

function carryOver(before, after) {
  const open = [...before.querySelectorAll("details[open]")].map((details) => details.dataset.name);
  for (const details of after.querySelectorAll("details")) details.open ||= open.includes(details.dataset.name);
}

function twin(list, lost) {
  const item = [...list.children].find((node) => node.dataset.key === lost.dataset.of);
  return item?.querySelector(`[data-name="${CSS.escape(lost.dataset.name ?? "")}"]`) ?? item?.querySelector("summary, button, a");
}

let silence;

/** Says an outcome, where it is seen and where it is heard. */
export function say(sentence, tone = "good") {
  const node = byId("outcome");
  clearTimeout(silence);
  node.className = `toast ${tone}`;
  node.querySelector("p").textContent = sentence;
  node.hidden = false;
  byId("heard").textContent = sentence;
  silence = setTimeout(hush, tone === "bad" ? 20_000 : 9_000);
}

export function hush() {
  byId("outcome").hidden = true;
}

/** A question before something that cannot be taken back. Resolves to whether it was confirmed. */
export function ask({ title, text, confirm, kind = "danger" }) {
  return new Promise((resolve) => {
    const dialog = el(
      "dialog",
      { class: "small", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
      el("h2", { id: "ask-title" }, title),
      el("p", { id: "ask-text" }, text),
      el(
        "div",
        { class: "actions" },
        el("button", { type: "button", class: kind, onclick: () => dialog.close("yes") }, confirm),
        el("button", { type: "button", class: "quiet", autofocus: true, onclick: () => dialog.close() }, "Cancel"),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
