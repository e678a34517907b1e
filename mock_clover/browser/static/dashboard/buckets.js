// Outcomes and latencies over time, in a bounded number of buckets of three widths.
// Times are those of this machine: a sandbox's clock may be frozen or jump.

export const WIDTHS = [
  { name: "1 s", ms: 1000, about: "the last minute" },
  { name: "10 s", ms: 10_000, about: "the last ten minutes" },
  { name: "1 min", ms: 60_000, about: "the last hour" },
];
export const BUCKETS = 60;
export const ORDER = ["ok", "declined", "rejected", "failed", "lost"];

const STEP = Math.log(1.1); // latencies have an error of at most 5 %
const BINS = 180; // from 1 µs to 30 s

const binOf = (us) => Math.min(BINS - 1, Math.max(0, Math.round(Math.log(Math.max(us, 1)) / STEP)));
const latencyOf = (bin) => Math.exp(bin * STEP);

class Bucket {
  constructor(at) {
    this.at = at;
    this.counts = { ok: 0, declined: 0, rejected: 0, failed: 0, lost: 0 };
    this.total = 0;
    this.timed = 0;
    this.bins = new Uint32Array(BINS);
  }

  add(entry) {
    this.counts[entry.outcome] += 1;
    this.total += 1;
    if (!entry.took_us) return; // scheduled jobs have no duration
    this.timed += 1;
    this.bins[binOf(entry.took_us)] += 1;
  }
}

/** Return a percentile of the latency in µs; null without requests. */
function percentile(bins, timed, share) {
  if (!timed) return null;
  let left = Math.ceil(timed * share);
  for (let bin = 0; bin < BINS; bin += 1) {
    left -= bins[bin];
    if (left <= 0) return latencyOf(bin);
  }
  return latencyOf(BINS - 1);
}

export class Buckets {
  constructor() {
    this.rings = WIDTHS.map(() => new Map());
  }

  add(entries) {
    for (const entry of entries) {
      WIDTHS.forEach(({ ms }, place) => {
        const at = Math.floor(entry.receivedMs / ms);
        const ring = this.rings[place];
        if (!ring.has(at)) {
          ring.set(at, new Bucket(at));
          const newest = Math.floor(Date.now() / ms);
          for (const old of ring.keys()) if (old <= newest - BUCKETS) ring.delete(old);
          if (!ring.has(at)) return; // too old to be drawn
        }
        ring.get(at).add(entry);
      });
    }
  }

  clear() {
    for (const ring of this.rings) ring.clear();
  }

  /** Return the buckets of a width up to now, oldest first, with their counts and percentiles. */
  series(place, nowMs) {
    const { ms } = WIDTHS[place];
    const end = Math.floor(nowMs / ms);
    const result = [];
    for (let at = end - BUCKETS + 1; at <= end; at += 1) {
      const found = this.rings[place].get(at);
      result.push({
        atMs: at * ms,
        counts: found?.counts ?? null,
        total: found?.total ?? 0,
        p50: found ? percentile(found.bins, found.timed, 0.5) : null,
        p95: found ? percentile(found.bins, found.timed, 0.95) : null,
      });
    }
    return result;
  }

  /** Return all buckets of a width as one. */
  sum(place, nowMs) {
    const oldest = Math.floor(nowMs / WIDTHS[place].ms) - BUCKETS;
    const all = new Bucket(0);
    for (const bucket of this.rings[place].values()) {
      if (bucket.at <= oldest) continue;
      for (const name of ORDER) all.counts[name] += bucket.counts[name];
      all.total += bucket.total;
      all.timed += bucket.timed;
      for (let bin = 0; bin < BINS; bin += 1) all.bins[bin] += bucket.bins[bin];
    }
    return {
      counts: all.counts,
      total: all.total,
      p50: percentile(all.bins, all.timed, 0.5),
      p95: percentile(all.bins, all.timed, 0.95),
    };
  }
}
