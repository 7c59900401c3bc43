import { expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { startGateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";

/** The releases up to 2026.7 respond at once. */
const UNDELAYED = /^2026\.[2-7]\./;
/** After 250 ms, 500 ms, 1 s, 2 s. */
const FAILURES = 4;
const DELAY_MS = 2_000;

// SECURITY.md and docs/gateway.md section 4.
it.each(chosenVersions())(
  "openclaw %s never locks out loopback clients, and delays failed ones from 2026.8 on",
  async (version) => {
    const gateway = await startGateway(await installOpenClaw(version));
    onTestFinished(() => gateway.close());
    const { url, token } = gateway;
    expect(await handshake({ url, token })).toMatchObject({ ok: true });
    let ms = 0;
    for (let i = 0; i < FAILURES; i += 1) {
      const start = performance.now();
      expect(await handshake({ url, token: `wrong-${i}` })).toMatchObject({ ok: false });
      ms = performance.now() - start;
    }
    if (UNDELAYED.test(version)) expect(ms).toBeLessThan(DELAY_MS);
    else expect(ms).toBeGreaterThan(DELAY_MS);
    const attempts = Array.from({ length: 12 }, () => handshake({ url, token: "wrong" }));
    const [right] = await Promise.all([handshake({ url, token }), ...attempts]);
    expect(right).toMatchObject({ ok: true });
  },
);
