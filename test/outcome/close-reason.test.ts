import { describe, expect, it } from "vitest";
import { connectThrough, startRefusingGateway } from "../support/gateways.ts";
import { openShimFor } from "../support/shim.ts";

/** Close code, close reason, outcome, and the outcome's reason. */
const CLOSES = [
  [1008, "pairing required", "pairing-required", "pairing required"],
  [
    1008,
    "pairing required: device is not approved yet (requestId: r-1)",
    "pairing-required",
    "pairing required: device is not approved yet (requestId: r-1)",
  ],
  [1008, "pairing required: scope upgrade (requestId: r-1)", "pairing-required", "scope-upgrade"],
  [1008, "device identity required", "device-required", "device identity required"],
  [1008, "device nonce mismatch", "device-invalid", "device nonce mismatch"],
  [1008, "unauthorized: gateway token mismatch", "unauthorized", "unauthorized: gateway token mismatch"],
  [
    1008,
    "unauthorized: too many failed authentication attempts (retry later)",
    "rate-limited",
    "unauthorized: too many failed authentication attempts (retry later)",
  ],
  [1008, "origin not allowed", "origin-rejected", "origin not allowed"],
  [1002, "protocol mismatch", "protocol-mismatch", "protocol mismatch"],
  [1013, "gateway starting", "gateway-starting", "gateway starting"],
  [1013, "", "gateway-starting", "close 1013"],
  [1012, "service restart", "gateway-closed", "service restart"],
  [1011, "", "gateway-closed", "close 1011"],
] as const;

describe("a connect request with only a close as the response", () => {
  it.each(CLOSES)("%i %j has the outcome %s", async (code, reason, outcome, outcomeReason) => {
    const shim = await openShimFor(await startRefusingGateway(undefined, { code, reason }));
    const result = await connectThrough(shim);
    expect(result).toMatchObject({ ok: false, close: { code, reason } });
    expect(await shim.outcome()).toMatchObject({ outcome, reason: outcomeReason, close: { code, reason } });
  });
});
