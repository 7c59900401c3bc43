import type { Outcome } from "../../../src/outcome/outcome.ts";

/** What two gateways of one release may differ in. */
export interface Names {
  /** What the gateway calls itself. */
  readonly version: string;
  readonly gatewayPort: number;
  readonly origin: string;
}

const VOLATILE: ReadonlySet<string> = new Set(["conn", "ms", "time"]);

/** An outcome line, as text, without what is another one each time: ids, ports, durations. */
export function comparable(outcome: Outcome, names: Names): string {
  const line = Object.entries(outcome).filter(([name]) => !VOLATILE.has(name));
  return (
    JSON.stringify(Object.fromEntries(line))
      .replaceAll(/[0-9a-f]{64}/g, "<device>")
      // A close reason of 2026.9 is cut in the middle of it.
      .replaceAll(/(?<=requestId: )[0-9a-f-]{8,36}/g, "<request>")
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "<request>")
      .replaceAll(/try again in \d+ s/g, "try again in <n> s")
      .replaceAll(`127.0.0.1:${names.gatewayPort}`, "<gateway>")
      .replaceAll(names.origin.replace("http://", ""), "<shim>")
      .replaceAll(`"version":"${names.version}","protocol"`, '"version":"<release>","protocol"')
  );
}
