import { describe, expect, it } from "vitest";
import { SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchangeUpgrade, fieldsOf, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * The gateway accepts any loopback origin from a local client. Behind a forwarder that origin means the *browser's*
 * machine, which is not visible after normalization: the shim refuses it unless it means this machine.
 */
const VIA_PROXY = ["X-Forwarded-For: 203.0.113.9", "Forwarded: for=10.0.0.1", "x_real_ip:", "Via: 1.1 edge"];

async function upgradeAs(
  origin: string,
  host: string,
  ...fields: string[]
): Promise<{ response: string; origin?: string }> {
  const gateway = await startRecorder(() => SWITCHING_PROTOCOLS);
  const shim = await openShimFor(gateway);
  const ownOrigin = origin.replace("OWN", shim.authority);
  const ownHost = host.replace("OWN", shim.authority);
  const upgrade = upgradeRequest([`Origin: ${ownOrigin}`, ...fields], "/", ownHost);
  const response = await exchangeUpgrade(shim.port, upgrade);
  const [request] = gateway.requests();
  const sentOrigin = request && fieldsOf(request)["origin"]?.replace(`127.0.0.1:${gateway.port}`, "GATEWAY");
  return { response, ...(sentOrigin !== undefined && { origin: sentOrigin }) };
}

describe("the listener's own page", () => {
  it("has the gateway's own origin at the gateway", async () => {
    expect(await upgradeAs("http://OWN", "OWN")).toEqual({
      response: SWITCHING_PROTOCOLS,
      origin: "http://GATEWAY",
    });
  });

  it("has it for each name of the listener, in any case", async () => {
    const gateway = await startRecorder(() => SWITCHING_PROTOCOLS);
    const shim = await openShimFor(gateway);
    for (const name of ["localhost", "[::1]", "LocalHost"]) {
      const origin = `Origin: http://${name}:${shim.port}`;
      const upgrade = upgradeRequest([origin], "/", `${name}:${shim.port}`);
      expect(await exchangeUpgrade(shim.port, upgrade)).toBe(SWITCHING_PROTOCOLS);
    }
    const origins = gateway.requests().map((request) => fieldsOf(request)["origin"]);
    expect(origins).toEqual(Array.from({ length: 3 }, () => `http://127.0.0.1:${gateway.port}`));
  });
});

describe("a page of another local server", () => {
  it("keeps its origin on a direct connection", async () => {
    expect(await upgradeAs("http://127.0.0.1:3000", "OWN")).toEqual({
      response: SWITCHING_PROTOCOLS,
      origin: "http://127.0.0.1:3000",
    });
  });

  it.each(VIA_PROXY)("is refused if the request has %s", async (field) => {
    for (const origin of ["http://127.0.0.1:3000", "http://localhost.:3000", "http://[::1]", "https://OWN"]) {
      const { response, origin: sentOrigin } = await upgradeAs(origin, "OWN", field);
      expect([statusOf(response), errorOf(response).type, sentOrigin]).toEqual([
        403,
        "origin_not_allowed",
        undefined,
      ]);
    }
  });

  it("is refused if Host is not loopback", async () => {
    const { response, origin } = await upgradeAs("http://localhost:3000", "192.0.2.7:18788");
    expect([statusOf(response), errorOf(response).type, origin]).toEqual([
      403,
      "origin_not_allowed",
      undefined,
    ]);
  });
});
