// The control calls of this page's sandbox. Errors are the server's own words. Where the server
// wants a control token, it is asked for once and kept as long as the tab is open.

import { recall, remember } from "./memory.js";

const TOKEN_HEADER = "x-mock-clover-control";
const TOKEN_KEY = "mock-clover.control";

/** The path before /_mock: the root path, usually empty, and perhaps /sandbox/<name>. */
export const BASE = location.pathname.replace(/\/_mock(\/.*)?$/, "");
export const SANDBOX = decodeURIComponent(BASE.match(/\/sandbox\/([^/]+)$/)?.[1] ?? "default");
const ROOT = BASE.replace(/\/sandbox\/[^/]+$/, "");

/** Where the dashboard of another sandbox is. */
export const homeOf = (name) =>
  `${ROOT}${name === "default" ? "" : `/sandbox/${encodeURIComponent(name)}`}/_mock/`;

export class CallError extends Error {
  constructor(status, message, answer) {
    super(message);
    this.status = status;
    this.answer = answer;
  }
}

let askForToken = async () => null;
let asking = null;
let unanswered; // the token with which a person would not go on: not asked about once more
let merchant = null;

/** Say who asks a person for the control token: a function of what is wrong, null for no. */
export function useToken(ask) {
  askForToken = ask;
}

/** Show another merchant of this sandbox: its access token; null for the first. */
export function useMerchant(token) {
  merchant = token;
}

function headersOf(more) {
  const headers = new Headers(more);
  const token = recall("sessionStorage", TOKEN_KEY);
  if (token) headers.set(TOKEN_HEADER, token);
  if (merchant) headers.set("authorization", `Bearer ${merchant}`);
  return headers;
}

/** Fetch below /_mock/, with the token; `root`: of the server and not of the sandbox. */
export async function ask(path, { root = false, headers, ...options } = {}) {
  const url = `${root ? ROOT : BASE}/_mock/${path}`;
  for (;;) {
    const sent = recall("sessionStorage", TOKEN_KEY);
    const reply = await fetch(url, { ...options, headers: headersOf(headers), cache: "no-store" });
    if (reply.status !== 403) return reply;
    const said = await wordsOf(reply);
    if (!said.message.includes("control token")) throw said;
    if (sent === recall("sessionStorage", TOKEN_KEY)) await newToken(sent, said);
  }
}

/** Ask for the token once more, when it is needed: somebody wants to try again. */
export function askAgain() {
  unanswered = undefined;
}

async function newToken(sent, said) {
  if (!asking && sent === unanswered) throw said;
  asking ??= askForToken(sent ? "That is not the token of this server." : "");
  const given = await asking.finally(() => (asking = null));
  if (!given) {
    unanswered = sent;
    throw said;
  }
  remember("sessionStorage", TOKEN_KEY, given);
}

async function wordsOf(reply) {
  const text = await reply.text();
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // Not JSON: its text is what it says.
  }
  const message = answer?.error?.message ?? answer?.message ?? text.trim();
  return new CallError(reply.status, message || `the server answered ${reply.status}`, answer);
}

/** Make a call and return its answer; a body that is a text is YAML. */
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
    if (error instanceof CallError) throw error;
    throw new CallError(0, "The server does not answer.", null);
  }
  if (!reply.ok) throw await wordsOf(reply);
  const isJson = (reply.headers.get("content-type") ?? "").includes("json");
  return isJson ? reply.json() : reply.text();
}

export const get = (path, options) => call("GET", path, undefined, options);

let known = null;

/** The vocabulary and the place of the page, asked for once; `anew`: once more. */
export function env(anew = false) {
  if (anew || !known) known = get("env").catch((error) => ((known = null), Promise.reject(error)));
  return known;
}
