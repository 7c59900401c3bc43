import { describe, it } from "vitest";
import { startGateway } from "./gateway.ts";
import { headerTables, recordOf, updateRecord } from "./matrix/document.ts";
import { REWRITTEN_HOST, REWRITTEN_ORIGIN } from "./matrix/injected.ts";
import { runMatrix } from "./matrix/run.ts";
import { seeSituations } from "./matrix/situations.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";

/** For gateways that start in parallel, and a thousand handshakes. */
const DEADLINE_MS = 480_000;

describe("docs/compatibility.md", () => {
  it.concurrent.for(chosenVersions())(
    "matches openclaw %s, in every situation, and for every client and injected header",
    { timeout: DEADLINE_MS },
    async (version, { expect, onTestFinished }) => {
      const openclaw = await installOpenClaw(version);
      const gateway = await startGateway(openclaw);
      onTestFinished(() => gateway.close());
      const flags = ["--allow-host", REWRITTEN_HOST, "--allow-origin", REWRITTEN_ORIGIN];
      const shim = await startShimProcess(gateway.url, flags);
      onTestFinished(() => shim.close());

      const matrix = await runMatrix(gateway, shim);
      expect(matrix.problems).toEqual([]);
      const situations = await seeSituations(openclaw, gateway);

      const seen = { situations, headers: headerTables(matrix) };
      if (process.env["UPDATE"] === "1") updateRecord(version, seen);
      expect(seen, "differs from the file; npm run releases -- --update writes it").toEqual(
        recordOf(version),
      );
    },
  );
});
