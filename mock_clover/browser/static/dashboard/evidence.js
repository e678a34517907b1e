// The evidence in a reason, as a badge that shows its source: "VISA is listed (observed: KES comment)".

import { el } from "./dom.js";
import { shownText } from "./format.js";

const EVIDENCE = /\s*\((documented|observed|inferred)(?:: ((?:[^()]|\([^()]*\))*))?\)/g;

/** Return the nodes of a reason; each level of evidence becomes a badge. */
export function withEvidence(said) {
  const text = shownText(said);
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(EVIDENCE)) {
    nodes.push(text.slice(at, found.index), " ", badge(found[1], found[2]));
    at = found.index + found[0].length;
  }
  return [...nodes, text.slice(at)];
}

/** Return a reason without its evidence, for a row of a list. */
export const withoutEvidence = (text) => text.replace(EVIDENCE, "");

/** Return the badge of a level; the source is shown when it is opened. */
export function badge(level, source) {
  const given = { class: "badge evidence", "data-level": level };
  if (!source) return el("span", given, level);
  return el("details", { class: "evidence" }, el("summary", { ...given, title: source }, level),
    el("span", { class: "source" }, source));
}
