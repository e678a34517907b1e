// A rule as YAML, and where it belongs in the text of a scenario. The text is kept as it is.

const PLAIN = /^[A-Za-z_][A-Za-z0-9_ ./$%-]*$/;
const RESERVED = /^(y|n|yes|no|on|off|true|false|null)$/i;

/** Return a value in YAML's flow style. */
export function flow(value) {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value).map(([name, each]) => `${name}: ${flow(each)}`).join(", ")}}`;
  }
  const isPlain = typeof value === "string" && PLAIN.test(value) && !RESERVED.test(value) && value === value.trim();
  return isPlain ? value : JSON.stringify(value);
}

/** Return the lines of an entry of a list, as `- name: …`. */
export function entryLines(entry) {
  return Object.entries(entry).map(([name, value], place) => `${place ? "  " : "- "}${name}: ${flow(value)}`);
}

/** Return the text of a scenario with an entry first in a list such as `rules`, and its first line, from 1. */
export function insertEntry(text, list, entry) {
  const lines = text.split("\n");
  const made = entryLines(entry);
  const at = lines.findIndex((line) => new RegExp(`^${list}:`).test(line));
  if (at < 0) {
    while (lines.length && !lines.at(-1).trim()) lines.pop();
    const from = lines.length;
    lines.push("", `${list}:`, ...indented(made, "  "), "");
    return { text: lines.join("\n"), line: from + 3, count: made.length };
  }
  const rest = lines[at].slice(list.length + 1).replace(/(^|\s)#.*$/, "").trim();
  if (rest.startsWith("[") && !/^\[\s*\]$/.test(rest)) { // in flow style
    lines[at] = lines[at].replace("[", `[${flow(entry)}, `);
    return { text: lines.join("\n"), line: at + 1, count: 1 };
  }
  if (rest) lines[at] = `${list}:`; // an empty list
  lines.splice(at + 1, 0, ...indented(made, indentOf(lines.slice(at + 1))));
  return { text: lines.join("\n"), line: at + 2, count: made.length };
}

const indented = (lines, by) => lines.map((line) => by + line);

/** Return the indent of the first entry of a list that follows. */
function indentOf(lines) {
  const next = lines.find((line) => line.trim() && !line.trim().startsWith("#"));
  return /^(\s*)- /.exec(next ?? "")?.[1] ?? "  ";
}
