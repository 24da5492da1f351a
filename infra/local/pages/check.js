// "Check before sending": what an event would do, asked of the service without doing it.

import { Refused } from "./api.js";
import { el } from "./dom.js";
import { OUTCOMES } from "./words.js";

const TONES = { would_skip: "wait", would_hold: "wait", would_fail: "bad", refused: "bad" };

/** Asks and shows the answer in `place`, which is read out. */
export async function check(app, event, place) {
  place.replaceChildren(el("p", { class: "soft" }, "Checking…"));
  try {
    const { results } = await app.api.check(event);
    place.replaceChildren(...results.map(drawResult));
  } catch (error) {
    place.replaceChildren(problem(error));
  }
}

function drawResult({ outcome, message, requests = [], problem }) {
  const what = OUTCOMES[outcome] ?? outcome;
  const said = message ?? problem?.detail ?? "";
  const more = said.replace(/\.$/, "") !== what.replace(/\.$/, "") && ` ${said}`;
  return el(
    "div",
    { class: `notice ${TONES[outcome] ?? "good"}` },
    el("p", {}, el("strong", {}, what), more),
    requests.length > 0 &&
      el("details", {}, el("summary", {}, requests.length === 1 ? "The request to Xero" : `The ${requests.length} requests to Xero`),
        requests.map(({ method, path, query, body }) =>
          el("pre", { tabindex: "0" }, `${method} ${path}${query ? `?${query}` : ""}\n${JSON.stringify(body, null, 2)}`))),
  );
}

/** A refusal inside a form. */
export function problem(error) {
  const field = error instanceof Refused && error.problem?.field;
  return el("div", { class: "notice bad" }, el("p", {}, error.message, field && el("span", { class: "soft" }, ` (${field})`)));
}
