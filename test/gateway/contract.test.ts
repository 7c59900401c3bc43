import { describe, it } from "vitest";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";
import type { FakeRelease } from "../fake-gateway/behaviors.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { openTestShim } from "../support/shim.ts";
import { LIMIT } from "./contract/credentials.ts";
import { outcomeLines } from "./contract/outcome-lines.ts";
import { randomToken, startGateway } from "./gateway.ts";
import { headerTables, recordOf } from "./matrix/document.ts";
import { REWRITTEN_HOST, REWRITTEN_ORIGIN } from "./matrix/injected.ts";
import { runMatrix } from "./matrix/run.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions, NEWEST } from "./releases.ts";

/** For gateways that start in parallel. */
const DEADLINE_MS = 300_000;
/** Longer than a slow gateway needs. */
const RATE_LIMIT = { maxAttempts: LIMIT, windowMs: 300_000, lockoutMs: 600_000, exemptLoopback: false };

describe("the fake gateway", () => {
  it.concurrent.for(chosenVersions())(
    "has the same outcomes as openclaw %s",
    { timeout: DEADLINE_MS },
    async (version, { expect, onTestFinished }) => {
      const token = randomToken();
      const openclaw = await installOpenClaw(version);
      const config = { auth: { mode: "token", token, rateLimit: RATE_LIMIT } };
      const gateway = await startGateway(openclaw, { token, config });
      onTestFinished(() => gateway.close());
      // A release newer than the fake ones is compared with the newest.
      const release = FAKE_RELEASES.find((one) => one === version) ?? (NEWEST satisfies FakeRelease);
      const fakeGateway = await startFakeGateway({ release, token, rateLimit: RATE_LIMIT });
      onTestFinished(() => fakeGateway.close());

      const real = await outcomeLines(gateway, openclaw.release.name ?? version);

      expect(await outcomeLines({ port: fakeGateway.port, token }, release)).toBe(real);
    },
  );

  it.for(FAKE_RELEASES)(
    "treats injected headers as docs/compatibility.md says of openclaw %s",
    { timeout: DEADLINE_MS },
    async (release, { expect, onTestFinished }) => {
      const token = randomToken();
      const fakeGateway = await startFakeGateway({ release, token });
      onTestFinished(() => fakeGateway.close());
      const page = { allowHost: [REWRITTEN_HOST], allowOrigin: [REWRITTEN_ORIGIN] };
      const shim = await openTestShim(fakeGateway.port, page);
      onTestFinished(() => shim.close());

      const matrix = await runMatrix({ port: fakeGateway.port, token }, shim);

      expect(matrix.problems).toEqual([]);
      expect(headerTables(matrix)).toBe(recordOf(release)?.headers);
    },
  );
});
