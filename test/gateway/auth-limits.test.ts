import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { handshake, type HandshakeOptions, type HandshakeResult } from "../support/client.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess, type ShimProcess } from "./shim-process.ts";

/** What Tailscale Serve adds to a request of 100.101.102.N. */
const serve = (n: number): Record<string, string> => ({
  "X-Forwarded-For": `100.101.102.${n}`,
  "X-Forwarded-Host": "box.tail1234.ts.net",
  "X-Forwarded-Proto": "https",
  "Tailscale-User-Login": "user@example.com",
});
const ATTACKERS = 40;
const ATTACK_MS = 8_000;
/** 10 at once, 4 while the first of them wait, one in each 950 ms. */
const MOST = { tools: 24, page: 7 };

const codeOf = (result: HandshakeResult): unknown =>
  result.ok || result.http || result.close?.code === 1013 ? undefined : result.error?.details?.["code"];

describe.each(chosenVersions())("openclaw %s, while many clients try wrong tokens", (version) => {
  let gateway: Gateway;
  let shim: ShimProcess;
  const known = createDevice();
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version));
    shim = await startShimProcess(gateway.url);
    await connect({ device: known });
  });
  afterAll(async () => {
    await shim?.close();
    await gateway?.close();
  });

  function connect(options: Partial<HandshakeOptions> = {}): Promise<HandshakeResult> {
    const { token } = gateway;
    return handshake({ url: shim.url, token, device: createDevice(), timeoutMs: 30_000, ...options });
  }

  /** Each attacker tries again as soon as it is refused. Returns what the gateway itself refused. */
  async function attack(options: Partial<HandshakeOptions>): Promise<HandshakeResult[]> {
    const results: HandshakeResult[] = [];
    const until = performance.now() + ATTACK_MS;
    const attacker = async (): Promise<void> => {
      while (performance.now() < until) {
        results.push(await connect({ token: `wrong-${results.length}`, headers: serve(1), ...options }));
      }
    };
    await Promise.all(Array.from({ length: ATTACKERS }, attacker));
    expect(results.flatMap(({ ok }, i) => (ok ? i : []))).toEqual([]);
    return results.filter((result) => !result.ok && result.error !== undefined);
  }

  it("as tools, the right token connects: from other clients at any time, afterwards from the same", async () => {
    const attacked = attack({});
    for (let i = 0; i < 3; i += 1) {
      expect(await connect({ device: known })).toMatchObject({ ok: true });
      expect(await connect()).toMatchObject({ ok: true });
      expect(await connect({ headers: serve(2) })).toMatchObject({ ok: true });
    }
    expect((await attacked).length).toBeLessThanOrEqual(MOST.tools);
    expect(await connect({ headers: serve(1) })).toMatchObject({ ok: true });
  });

  it("with the shim's own Origin, the gateway does not lock that Origin out", async () => {
    const origin = shim.url.replace("ws:", "http:");
    const judged = await attack({ origin });
    expect(judged.length).toBeLessThanOrEqual(MOST.page);
    expect(judged.map(codeOf)).not.toContain("AUTH_RATE_LIMITED");
    expect(await connect({ device: known, origin, headers: serve(2) })).toMatchObject({ ok: true });
    const same = await connect({ origin, headers: serve(1) });
    expect([same.ok, same.ok || same.error?.code]).not.toContain("AUTH_RATE_LIMITED");
    expect(same.ok || same.error).toBeTruthy();
  });
});
