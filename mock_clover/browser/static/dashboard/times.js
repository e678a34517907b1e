// Relate the times of a sandbox's clock, which may jump or stand still, to those of this machine.

import { count, countOf } from "./format.js";

const SHIFT_MS_MIN = 5000; // a response may be late; a request has the same time, live or loaded later

/**
 * Return a function from a time of the sandbox to one of this machine, at most now; `clock` is the response
 * of clock/moves. A time at which the clock stood still is taken as the moment when it was stopped.
 */
export function realTimes({ data: moves, now_ms: now, machine_ms: machine }) {
  const late = Date.now() - (moves.length ? machine : now);
  const shift = Math.abs(late) < SHIFT_MS_MIN ? 0 : late; // the server may be on another machine
  const timeOfMachine = (atMs) => {
    if (!moves.length) return atMs;
    const place = moves.findLastIndex((move) => atMs >= move.to_ms);
    if (place < 0) return moves[0].machine_ms - Math.max(0, moves[0].from_ms - atMs);
    const move = moves[place];
    const end = moves[place + 1]?.machine_ms ?? Infinity;
    return move.frozen ? move.machine_ms : Math.min(end, move.machine_ms + atMs - move.to_ms);
  };
  return (atMs) => Math.min(Date.now(), shift + timeOfMachine(atMs));
}

/** Return the jumps of the clock as [machine time in ms, how far in ms]. */
export const jumpsOf = ({ data: moves, machine_ms: machine }) => moves
  .filter((move) => move.to_ms > move.from_ms)
  .map((move) => [Date.now() - machine + move.machine_ms, move.to_ms - move.from_ms]);

/** Return what became due at a jump: "121 jobs ran: 2 authorizations expired, 119 webhooks due". */
export function dueText({ due = {} }) {
  const kinds = Object.entries(due);
  if (!kinds.length) return "No jobs were due.";
  const total = kinds.reduce((sum, [, n]) => sum + n, 0);
  return `${countOf(total, "job")} ran: ${kinds.map(([kind, n]) => `${count(n)} ${kindText(kind, n)}`).join(", ")}`;
}

/** Return the words for `n` jobs of a kind: "webhooks due", "subscription run". */
export function kindText(kind, n = 1) {
  const words = kind.replace("threeds", "challenge").split("_");
  const noun = words.length - (["due", "ended", "expired", "settled"].includes(words.at(-1)) ? 2 : 1);
  if (n !== 1) words[noun] += "s";
  return words.join(" ");
}
