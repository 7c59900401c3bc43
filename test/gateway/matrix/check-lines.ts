import { isDeepStrictEqual } from "node:util";
import type { Outcome } from "../../../src/outcome/outcome.ts";
import type { Attempt } from "./attempt.ts";

/** Returns the expected outcome line of an attempt through the shim, for a gateway on `gatewayPort`. */
function expectedLine(attempt: Attempt, gatewayPort: number): object {
  const { route, client, page, deviceId } = attempt;
  const { client: identity, role = "operator", scopes, origin } = client.connect(page);
  const authority = `127.0.0.1:${gatewayPort}`;
  const names = route.injected.headers.map(([name]) => name.toLowerCase());
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
      host: { from: route.host ?? `127.0.0.1:${route.port}`, to: authority },
      ...(origin === undefined ? {} : { origin: { from: origin, to: `http://${authority}` } }),
      stripped: [...new Set(names)].toSorted(),
    },
    ...(route.injected.isPublic ? { publicForwarded: true } : {}),
    firstSeen: true,
  };
}

/** The log's own, what differs from one handshake to the next, and what only the gateway decides. */
const NOT_COMPARED = ["level", "time", "msg", "conn", "ms", "grantedScopes", "deviceToken", "gateway"];
/** Fields of a client that are not reported. */
const UNREPORTED = ["deviceFamily", "buildId"];

/** Returns a problem for each attempt without exactly one line, or with an unexpected line. */
export function checkLines(
  attempts: readonly Attempt[],
  outcomes: readonly Outcome[],
  gatewayPort: number,
): string[] {
  return attempts.flatMap((attempt) => {
    const { route, client, deviceId } = attempt;
    const what = `${client.name}, ${route.injected.name}, Host ${route.host ?? "as sent"}`;
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
  const actualFields = new Map<string, unknown>(Object.entries(actual));
  const expectedFields = new Map<string, unknown>(Object.entries(expected));
  return [...new Set([...actualFields.keys(), ...expectedFields.keys()])]
    .filter((name) => !isDeepStrictEqual(actualFields.get(name), expectedFields.get(name)))
    .map(
      (name) =>
        `${name} is ${JSON.stringify(actualFields.get(name))}, not ${JSON.stringify(expectedFields.get(name))}`,
    );
}

function without(record: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}
