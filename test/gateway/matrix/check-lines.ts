import { isDeepStrictEqual } from "node:util";
import type { Outcome } from "../../../src/outcome/outcome.ts";
import type { Attempt } from "./attempt.ts";

/** What the outcome line of an attempt through the shim must say, where the gateway is on `gatewayPort`. */
function expectedLine(attempt: Attempt, gatewayPort: number): object {
  const { way, client, page, deviceId } = attempt;
  const { client: identity, role = "operator", scopes, origin } = client.connect(page);
  const authority = `127.0.0.1:${gatewayPort}`;
  const names = way.injected.headers.map(([name]) => name.toLowerCase());
  return {
    event: "pairing.outcome",
    outcome: "connected",
    deviceId,
    client: { version: "1.0.0", platform: process.platform, ...without(identity ?? {}, UNREPORTED) },
    role,
    scopes,
    peer: "127.0.0.1",
    path: "/",
    normalized: {
      host: { from: way.host ?? `127.0.0.1:${way.port}`, to: authority },
      ...(origin === undefined ? {} : { origin: { from: origin, to: `http://${authority}` } }),
      stripped: [...new Set(names)].toSorted(),
    },
    ...(way.injected.isPublic ? { publicForwarded: true } : {}),
    firstSeen: true,
  };
}

/** The log's own, what differs from one handshake to the next, and what only the gateway decides. */
const NOT_COMPARED = ["level", "time", "msg", "conn", "ms", "grantedScopes", "deviceToken", "gateway"];
/** A client says more of itself than is reported. */
const UNREPORTED = ["deviceFamily", "buildId"];

/** A problem for each attempt that does not have exactly one line, or whose line is not what it must be. */
export function checkLines(
  attempts: readonly Attempt[],
  outcomes: readonly Outcome[],
  gatewayPort: number,
): string[] {
  return attempts.flatMap((attempt) => {
    const { way, client, deviceId } = attempt;
    const what = `${client.name}, ${way.injected.name}, Host ${way.host ?? "as sent"}`;
    const lines = outcomes.filter((outcome) => outcome.deviceId === deviceId);
    const [line] = lines;
    if (line === undefined || lines.length > 1) return [`${what}: ${lines.length} outcome lines`];
    const expected = expectedLine(attempt, gatewayPort);
    const { stripped } = line.normalized;
    const actual = {
      ...without(line, NOT_COMPARED),
      normalized: { ...line.normalized, stripped: Object.keys(stripped).toSorted() },
    };
    const differences = differing(actual, expected);
    return differences.length === 0 ? [] : [`${what}: ${differences.join("; ")}`];
  });
}

function differing(actual: object, expected: object): string[] {
  const is = new Map<string, unknown>(Object.entries(actual));
  const should = new Map<string, unknown>(Object.entries(expected));
  return [...new Set([...is.keys(), ...should.keys()])]
    .filter((name) => !isDeepStrictEqual(is.get(name), should.get(name)))
    .map((name) => `${name} is ${JSON.stringify(is.get(name))}, not ${JSON.stringify(should.get(name))}`);
}

function without(record: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}
