// Where the page is, as the part of the address after `#`: #/exchanges/12?show=declined.

/** Read the address into its parts and its query. */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(plain);
  return { parts: parts.length ? parts : ["exchanges"], query: new URLSearchParams(query) };
}

function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray percent sign: it is what it says
  }
}

/** Return the address of a place within the page. */
export function to(...parts) {
  return `#/${parts.map((part) => encodeURIComponent(part)).join("/")}`;
}

/** Go there; `quietly`: in place of the present entry of the history, and nobody is told. */
export function go(address, quietly = false) {
  if (location.hash === address) return;
  if (quietly) history.replaceState(null, "", address);
  else location.hash = address;
}
