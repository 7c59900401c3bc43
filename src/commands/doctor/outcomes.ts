import type { OutcomeName } from "../../outcome/outcome.ts";

const CREDENTIALS: ReadonlySet<OutcomeName> = new Set(["unauthorized", "rate-limited", "device-required"]);

const GATEWAY: ReadonlySet<OutcomeName> = new Set([
  "gateway-unreachable",
  "gateway-starting",
  "gateway-closed",
  "gateway-refused",
  "not-gateway-protocol",
  "protocol-mismatch",
  "abandoned",
]);

/** Whether an outcome is about token or password. A device is wanted of who showed no right one. */
export function isAboutCredentials(outcome: OutcomeName): boolean {
  return CREDENTIALS.has(outcome);
}

/** Whether an outcome says that there is no gateway to talk to, not yet, or not this one. */
export function isAboutGateway(outcome: OutcomeName): boolean {
  return GATEWAY.has(outcome);
}
