// Control requests for this page's sandbox. Errors have the server's messages. If the server needs a
// control token, it is asked for once and stored until the tab is closed.

import { readStorage, writeStorage } from "./storage.js";

const TOKEN_HEADER = "x-mock-clover-control";
const TOKEN_KEY = "mock-clover.control";

/** The path before /_mock: the root path, usually empty, and perhaps /sandbox/<name>. */
export const BASE = location.pathname.replace(/\/_mock(\/.*)?$/, "");
export const SANDBOX = decodeURIComponent(BASE.match(/\/sandbox\/([^/]+)$/)?.[1] ?? "default");
const ROOT = BASE.replace(/\/sandbox\/[^/]+$/, "");

/** Return the URL of another sandbox's dashboard. */
export const homeOf = (name) =>
  `${ROOT}${name === "default" ? "" : `/sandbox/${encodeURIComponent(name)}`}/_mock/`;

export class RequestError extends Error {
  constructor(status, message, answer) {
    super(message);
    this.status = status;
    this.answer = answer;
  }
}

let promptForToken = async () => null;
let asking = null;
let declinedToken; // the token that was in use when the user cancelled the prompt
let merchant = null;

/** Set the function that asks the user for the control token; it resolves to null if cancelled. */
export function onTokenNeeded(ask) {
  promptForToken = ask;
}

/** Select a merchant of this sandbox by its access token; null selects the default. */
export function useMerchant(token) {
  merchant = token;
}

function headersOf(more, isExisting) {
  const headers = new Headers(more);
  if (isExisting) headers.set("if-match", "*");
  const token = readStorage("sessionStorage", TOKEN_KEY);
  if (token) headers.set(TOKEN_HEADER, token);
  if (merchant) headers.set("authorization", `Bearer ${merchant}`);
  return headers;
}

/**
 * Fetch a path under /_mock/ with the token; `root`: of the server; `of`: of another sandbox.
 * A GET creates no sandbox, unless `creates`: a poll must not recreate a sandbox that was deleted.
 */
export async function ask(path, { root = false, of = null, creates = false, headers, ...options } = {}) {
  const url = of === null ? `${root ? ROOT : BASE}/_mock/${path}` : homeOf(of) + path;
  const isExisting = !creates && (options.method ?? "GET") === "GET";
  for (;;) {
    const sent = readStorage("sessionStorage", TOKEN_KEY);
    const reply = await fetch(url, { ...options, headers: headersOf(headers, isExisting), cache: "no-store" });
    if (reply.status !== 403) return reply;
    const error = await errorOf(reply);
    if (!error.message.includes("control token")) throw error;
    if (sent === readStorage("sessionStorage", TOKEN_KEY)) await newToken(sent, error);
  }
}

/** Allow the prompt for the token again, after the user has cancelled it. */
export function allowTokenPrompt() {
  declinedToken = undefined;
}

async function newToken(sent, error) {
  if (!asking && sent === declinedToken) throw error;
  asking ??= promptForToken(sent ? "Invalid control token." : "");
  const given = await asking.finally(() => (asking = null));
  if (!given) {
    declinedToken = sent;
    throw error;
  }
  writeStorage("sessionStorage", TOKEN_KEY, given);
}

async function errorOf(reply) {
  const text = await reply.text();
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // Not JSON: use the text.
  }
  const message = answer?.error?.message ?? answer?.message ?? text.trim();
  return new RequestError(reply.status, message || `the server returned status ${reply.status}`, answer);
}

/** Send a request and return the response body; a string body is sent as YAML. */
export async function call(method, path, body, options = {}) {
  const sent = { method, ...options };
  if (body !== undefined) {
    const isText = typeof body === "string";
    sent.body = isText ? body : JSON.stringify(body);
    sent.headers = { "content-type": isText ? "text/yaml" : "application/json" };
  }
  let reply;
  try {
    reply = await ask(path, sent);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw new RequestError(0, "The server is not responding.", null);
  }
  if (!reply.ok) throw await errorOf(reply);
  const isJson = (reply.headers.get("content-type") ?? "").includes("json");
  return isJson ? reply.json() : reply.text();
}

export const get = (path, options) => call("GET", path, undefined, options);

let known = null;

/** Return the names that the server knows; they are requested once. */
export function env() {
  known ??= get("env").catch((error) => ((known = null), Promise.reject(error)));
  return known;
}
