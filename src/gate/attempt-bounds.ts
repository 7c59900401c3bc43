import type { Attempt, AttemptRequest } from "./attempt-limit.ts";

/** Bounds for the attempts of one client, of one group, or of all clients. */
interface Bound {
  /** So many go on at once; then one after each `gapMs`. */
  readonly burst: number;
  /** No more than these. */
  readonly most: number;
}

/** How many attempts may reach the gateway in `windowMs` without having succeeded. */
interface AttemptBounds {
  readonly windowMs: number;
  readonly gapMs: number;
  readonly client: Bound;
  readonly group: Bound;
  readonly all: Bound;
  /** The most of one client, for one that has waited for `WAIT_MS` and is still the latest of the client. */
  readonly mostPatient: number;
  /** After so many failures of one group, attempts that cannot go on in time are refused. */
  readonly suspicious: number;
  /** So many suspicious ones of a client may wait: as many as can go on in time. */
  readonly waiting: number;
}

/** The longest wait of an attempt, in ms; with the gateway's response it stays below 5 s. */
export const WAIT_MS = 4_500;
/** No window is longer, in ms: a little more than the minute of the gateway. */
export const FORGET_MS = 61_000;
/** An attempt without a response for so long may have failed: 2026.8 and later delay the response to a wrong credential. */
const SILENCE_MS = 2_500;

/**
 * 2026.8 and later respond to wrong credentials of loopback clients only 5 s after the last of them, or after 15 s, and refuse
 * all upgrades while 32 handshakes are unauthenticated (docs/gateway.md section 4). In that time at most 29 go on.
 */
const TOOLS: AttemptBounds = {
  windowMs: 15_000,
  gapMs: 950,
  client: { burst: 10, most: Infinity },
  group: { burst: 12, most: Infinity },
  all: { burst: 13, most: Infinity },
  mostPatient: 0,
  suspicious: 5,
  waiting: 4,
};
/** From 2026.3.22 on, ten failures in a minute with one Origin lock that Origin out for 5 min, whoever sent it. */
const PAGES: AttemptBounds = {
  windowMs: FORGET_MS,
  gapMs: 4_400,
  client: { burst: 3, most: 5 },
  group: { burst: 8, most: 8 },
  all: { burst: 9, most: 9 },
  mostPatient: 7,
  suspicious: 3,
  waiting: 1,
};

/** What is compared of two attempts. */
type Compared = Pick<AttemptRequest, "source" | "origin">;

/** Returns the bounds of an attempt. */
export function boundsOf({ origin }: Compared): AttemptBounds {
  return origin === "absent" ? TOOLS : PAGES;
}

/** Returns true if two attempts count together: with the same verdict on Origin, and both of peers or of neither. */
export function countTogether(a: Compared, b: Compared): boolean {
  return a.origin === b.origin && (a.source.peer === undefined) === (b.source.peer === undefined);
}

/** Returns true if two attempts are those of one client. */
export function isSameClient(a: Compared, b: Compared): boolean {
  return a.origin === b.origin && a.source.client === b.source.client;
}

/** What counts for an attempt at one moment. */
export interface AttemptCounts {
  /** The attempts of its group, and of its client. */
  readonly group: number;
  readonly client: number;
  /** One more may go on; or one that has waited for `WAIT_MS`. */
  readonly isFree: boolean;
  readonly isFreeAtLast: boolean;
  /** So many have failed, or have no response, that further ones may be refused. */
  readonly isSuspicious: boolean;
}

/** Counts what matters for an attempt. @param attempts those that went on @param now in ms, as their `at` */
export function countAttempts(attempts: readonly Attempt[], one: Compared, now: number): AttemptCounts {
  const bounds = boundsOf(one);
  const all = attempts.filter((other) => countTogether(other, one) && now - other.at < bounds.windowMs);
  const ofGroup = all.filter(({ source }) => source.group === one.source.group);
  const ofClient = ofGroup.filter(({ source }) => source.client === one.source.client);
  const hasRoom = (counted: readonly Attempt[], { burst, most }: Bound): boolean =>
    counted.length < burst || (counted.length < most && now - (counted.at(-1)?.at ?? 0) >= bounds.gapMs);
  const others = hasRoom(all, bounds.all) && hasRoom(ofGroup, bounds.group);
  const isFree = others && hasRoom(ofClient, bounds.client);
  const isSuspicious =
    ofGroup.filter(({ hasFailed }) => hasFailed).length >= bounds.suspicious ||
    ofGroup.filter(({ at }) => now - at >= SILENCE_MS).length >= bounds.client.burst ||
    all.filter(({ hasFailed }) => hasFailed).length >= bounds.client.burst;
  const isFreeAtLast = !isSuspicious || isFree || (others && ofClient.length < bounds.mostPatient);
  return { group: ofGroup.length, client: ofClient.length, isFree, isFreeAtLast, isSuspicious };
}
