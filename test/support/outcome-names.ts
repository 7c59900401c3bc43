import type { OutcomeName } from "../../src/outcome/outcome.ts";

/** Every outcome, as the documentation of the log names them. */
export const OUTCOME_NAMES: readonly OutcomeName[] = [
  "connected",
  "pairing-required",
  "device-required",
  "device-invalid",
  "unauthorized",
  "rate-limited",
  "origin-rejected",
  "protocol-mismatch",
  "gateway-starting",
  "gateway-refused",
  "gateway-unreachable",
  "gateway-closed",
  "abandoned",
  "denied",
  "not-gateway-protocol",
];
