import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../../src/client/handshake.ts";
import { createDevice } from "../../src/pairing/device.ts";
import { randomToken, startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";
import type { ShimProcess } from "./shim-process.ts";

describe.each(chosenVersions())("openclaw %s's refusals, as the shim reports them", (version) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version));
    return () => gateway.close();
  });

  const startShim = async (): Promise<ShimProcess> => {
    const shim = await startShimProcess(gateway.url);
    onTestFinished(() => shim.close());
    return shim;
  };

  it("a wrong token: unauthorized, with the gateway's word and what to do", async () => {
    const shim = await startShim();
    const token = randomToken();

    const result = await handshake({ url: shim.url, token, device: createDevice() });

    expect(result).toMatchObject({ ok: false, close: { code: 1008 } });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "unauthorized", reason: gateway.openclaw.release.wrongToken });
    expect(outcome.fix).toMatch(/token/i);
    expect(shim.log.join("\n")).not.toContain(token);
  });

  it("a foreign page that claims to be the Control UI: origin-rejected, its Origin unchanged", async () => {
    const shim = await startShim();

    const result = await handshake({
      url: shim.url,
      token: gateway.token,
      device: createDevice(),
      origin: "https://evil.example",
      client: { id: "openclaw-control-ui", mode: "webchat" },
    });

    expect(result).toMatchObject({ ok: false });
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "origin-rejected", client: { id: "openclaw-control-ui" } });
    expect(outcome.normalized.origin).toBeUndefined();
    expect(outcome.fix).toBeTypeOf("string");
  });

  it("a rebinding page, Host and Origin both its own name: denied before the gateway sees it", async () => {
    const shim = await startShim();

    const result = await handshake({
      url: shim.url,
      token: gateway.token,
      device: createDevice(),
      origin: `http://evil.example:${shim.port}`,
      headers: { Host: `evil.example:${shim.port}` },
    });

    expect(result).toMatchObject({ ok: false, http: { status: 421 } });
    expect(await shim.outcome()).toMatchObject({ outcome: "denied" });
  });
});
