import { describe, expect, it, onTestFinished } from "vitest";
import { ERAS } from "../../src/demo/stand-in/eras.ts";
import type { Era } from "../../src/demo/stand-in/eras.ts";
import { startStandIn } from "../../src/demo/stand-in/server.ts";
import { LIMIT } from "./contract/credentials.ts";
import { logOf } from "./contract/log-of.ts";
import { randomToken, startGateway } from "./gateway.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions, NEWEST } from "./releases.ts";

/** Four gateways that start side by side on two processors. */
const DEADLINE_MS = 300_000;
/** A retry that is due in "300 s" must not be due in 299 where the gateway took a while. */
const RATE_LIMIT = { maxAttempts: LIMIT, windowMs: 300_000, lockoutMs: 600_000, exemptLoopback: false };

describe.concurrent.each(chosenVersions())("the stand-in for openclaw %s", (version) => {
  const era = ERAS.find((one) => one === version) ?? (NEWEST satisfies Era);

  it("has the shim log what the real gateway has it log", { timeout: DEADLINE_MS }, async () => {
    const token = randomToken();
    const auth = { mode: "token", token, rateLimit: RATE_LIMIT };
    const openclaw = await installOpenClaw(version);
    const gateway = await startGateway(openclaw, { token, config: { auth } });
    onTestFinished(() => gateway.close());
    const standIn = await startStandIn({ era, token, rateLimit: RATE_LIMIT });
    onTestFinished(() => standIn.close());

    const real = await logOf(gateway, openclaw.release.name ?? version);

    expect(await logOf({ port: standIn.port, token }, era)).toEqual(real);
  });
});
