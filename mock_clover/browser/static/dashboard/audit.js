// The findings of the audit, errors first, with links to their exchanges.

import { get } from "./api.js";
import { el, replaceContent } from "./dom.js";
import { countOf, shownText } from "./format.js";
import { pollAndRender } from "./views.js";

const EVERY_MS = 5000;
const LINKS_MAX = 8;
const SIGNS = { error: "✕ ", warning: "! " };

/** Show the findings; they are computed again while the view is open. */
export function open(root) {
  const findings = el("div", { class: "stack" });
  replaceContent(root, el("div", { class: "stack" },
    el("p", { class: "hint" }, "Mistakes of your integration that the requests of this sandbox show. ",
      "An error can cost money. ", el("code", {}, "mock-clover audit"), " prints the same."),
    findings));
  pollAndRender(findings, () => get("audit"), render, EVERY_MS);
}

function render(report) {
  const exchanges = new Map(report.exchanges.map((each) => [each.id, each]));
  const errors = report.findings.filter(({ severity }) => severity === "error");
  const warnings = report.findings.filter(({ severity }) => severity !== "error");
  return [
    el("p", { role: "status" }, `${countOf(errors.length, "error")}, ${countOf(warnings.length, "warning")}. `,
      report.first_exchange > 1 ? `The journal begins at request ${report.first_exchange}.` : ""),
    Object.entries(report.ignored).map(([rule, reason]) =>
      el("p", { class: "hint" }, `The scenario ignores ${rule}: ${reason}`)),
    [...errors, ...warnings].map((finding) => findingItem(finding, exchanges)),
  ];
}

function findingItem(finding, exchanges) {
  const isError = finding.severity === "error";
  const shown = finding.exchanges.slice(0, LINKS_MAX);
  const more = finding.exchanges.length - shown.length;
  return el("article", { class: "card padded stack", "aria-label": `${finding.rule} ${finding.name}` },
    el("div", { class: "delivery" },
      el("span", { class: `state ${isError ? "bad" : "warning"}` },
        el("span", { "aria-hidden": "true" }, SIGNS[finding.severity]), finding.severity),
      el("strong", {}, finding.name), el("span", { class: "soft" }, finding.rule)),
    el("p", {}, shownText(finding.message.replace(/\bexchange (\d+)/g, "request $1"))),
    shown.length ? el("ul", { class: "attempts" }, shown.map((id) => el("li", {},
      el("a", { href: `#/exchanges/${id}` }, requestOf(id, exchanges.get(id)))))) : null,
    more > 0 ? el("p", { class: "hint" }, `and ${more} more`) : null,
    el("p", {}, el("strong", {}, "Fix: "), finding.fix));
}

function requestOf(id, exchange) {
  if (!exchange) return `#${id}`;
  const result = exchange.outcome === "lost" ? "lost" : exchange.status;
  return `#${id} ${exchange.method} ${exchange.path} ${result}`;
}
