import { describe, it } from "vitest";
import { FAKE_RELEASES } from "../fake-gateway/behaviors.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { openTestShim } from "../support/shim.ts";
import { randomToken, startGateway } from "./gateway.ts";
import { recordedSection, recordSection, section } from "./matrix/document.ts";
import { REWRITTEN_HOST } from "./matrix/injected.ts";
import { runMatrix } from "./matrix/run.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";

/** For gateways that start in parallel, and a thousand handshakes. */
const DEADLINE_MS = 480_000;
/** One mistake causes hundreds of problems. */
const PROBLEM_LIMIT = 5;
const PAGE = `https://${REWRITTEN_HOST}`;

describe("docs/compatibility.md", () => {
  it.concurrent.for(chosenVersions())(
    "matches openclaw %s, for every client and injected header, without the shim and through it",
    { timeout: DEADLINE_MS },
    async (version, { expect, onTestFinished }) => {
      const gateway = await startGateway(await installOpenClaw(version));
      onTestFinished(() => gateway.close());
      const flags = ["--allow-host", REWRITTEN_HOST, "--allow-origin", PAGE];
      const shim = await startShimProcess(gateway.url, flags);
      onTestFinished(() => shim.close());

      const matrix = await runMatrix(gateway, shim);

      expect(matrix.problems.slice(0, PROBLEM_LIMIT)).toEqual([]);
      const measured = section(version, matrix);
      if (process.env["UPDATE"] === "1") recordSection(version, measured);
      expect(measured, "differs from the file; UPDATE=1 writes it").toBe(recordedSection(version));
    },
  );

  it.for(FAKE_RELEASES)(
    "matches the fake gateway of release %s",
    { timeout: DEADLINE_MS },
    async (release, context) => {
      const { expect, onTestFinished } = context;
      const token = randomToken();
      const fakeGateway = await startFakeGateway({ release, token });
      onTestFinished(() => fakeGateway.close());
      const shim = await openTestShim(fakeGateway.port, { allowHost: [REWRITTEN_HOST], allowOrigin: [PAGE] });
      onTestFinished(() => shim.close());

      const matrix = await runMatrix({ port: fakeGateway.port, token }, shim);

      expect(matrix.problems.slice(0, PROBLEM_LIMIT)).toEqual([]);
      expect(section(release, matrix)).toBe(recordedSection(release));
    },
  );
});
