// The route of the page: the part of the URL after `#`, for example #/exchanges/12?show=declined.

/** Return the parts of the current route and its query. */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decode);
  return { parts: parts.length ? parts : ["exchanges"], query: new URLSearchParams(query) };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray percent sign is kept
  }
}

/** Return the URL of a route. */
export function to(...parts) {
  return `#/${parts.map((part) => encodeURIComponent(part)).join("/")}`;
}

/** Go to a route; `quietly`: replace the history entry and fire no event, unless the user has left the view. */
export function go(address, quietly = false) {
  if (location.hash === address) return;
  if (quietly && address.split(/[/?]/)[1] !== here().parts[0]) return;
  if (quietly) history.replaceState(null, "", address);
  else location.hash = address;
}
