import type { Outcome } from "../../../src/outcome/outcome.ts";

/** Values that differ between two gateways of one release. */
export interface Names {
  /** The version that the gateway reports. */
  readonly version: string;
  readonly gatewayPort: number;
  readonly origin: string;
}

const VOLATILE: ReadonlySet<string> = new Set(["conn", "ms", "time"]);

/** Returns an outcome line as text, without ids, ports and durations. */
export function comparable(outcome: Outcome, names: Names): string {
  const line = Object.entries(outcome).filter(([name]) => !VOLATILE.has(name));
  return (
    JSON.stringify(Object.fromEntries(line))
      .replaceAll(/[0-9a-f]{64}/g, "<device>")
      // 2026.9 truncates a close reason within the id.
      .replaceAll(/(?<=requestId: )[0-9a-f-]{8,36}/g, "<request>")
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "<request>")
      .replaceAll(/(try again|retry) in \d+ s/g, "$1 in <n> s")
      .replaceAll(`127.0.0.1:${names.gatewayPort}`, "<gateway>")
      .replaceAll(names.origin.replace("http://", ""), "<shim>")
      .replaceAll(`"version":"${names.version}","protocol"`, '"version":"<release>","protocol"')
  );
}
