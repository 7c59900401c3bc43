import { describe, expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { handshake } from "../support/client.ts";
import { startGateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";

/** By these a client is the owner, and local. */
const HEADERS = {
  "X-Auth-Request-Email": "owner@example.com",
  "X-Corp-User": "owner",
  "X-Forwarded-For": "127.0.0.1",
};

/** Returns the status of a route that needs authentication and that no plugin serves. */
async function statusAt(url: string): Promise<number> {
  const response = await fetch(`${url.replace("ws:", "http:")}/api/channels/none`, { headers: HEADERS });
  await response.text();
  return response.status;
}

// Later releases accept no user from a proxy on loopback, or only together with an X-Forwarded-For.
describe.runIf(chosenVersions().includes("2026.2.19"))("openclaw 2026.2.19 with trusted-proxy", () => {
  it.each([
    ["a header of the table", "x-auth-request-email", []],
    ["a header of --strip", "x-corp-user", ["--strip", "X-Corp-User"]],
  ])(
    "signs a client in by %s, but not through the shim",
    { timeout: 300_000 },
    async (_what, userHeader, args) => {
      const openclaw = await installOpenClaw("2026.2.19");
      const gateway = await startGateway(openclaw, {
        config: {
          // With loopback alone it does not start.
          bind: "lan",
          trustedProxies: ["127.0.0.1"],
          auth: { mode: "trusted-proxy", trustedProxy: { userHeader } },
        },
      });
      onTestFinished(() => gateway.close());
      const shim = await startShimProcess(gateway.url, args);
      onTestFinished(() => shim.close());
      const connect = (url: string) => handshake({ url, device: createDevice(), headers: HEADERS });

      expect(await connect(gateway.url)).toMatchObject({ ok: true });
      expect(await connect(shim.url)).toMatchObject({ ok: false });
      // The Control UI's page, which is what this route falls back to.
      expect(await statusAt(gateway.url)).toBe(200);
      expect(await statusAt(shim.url)).toBe(401);

      expect(await shim.outcome()).toMatchObject({
        outcome: "unauthorized",
        normalized: { stripped: { [userHeader]: "(not shown)" } },
      });
    },
  );
});
