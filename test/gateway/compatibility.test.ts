import { expect, it, onTestFinished } from "vitest";
import { startGateway } from "./gateway.ts";
import { REWRITTEN_HOST } from "./matrix/injected.ts";
import { recordedSection, recordSection, section } from "./matrix/document.ts";
import { runMatrix } from "./matrix/run.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";

/** One mistake shows in hundreds of lines. */
const SHOWN = 5;
const UPDATE = process.env["UPDATE"] === "1";
/** Four gateways that start side by side on two processors. */
const DEADLINE_MS = 300_000;

const PUBLIC_PAGE = ["--allow-host", REWRITTEN_HOST, "--allow-origin", `https://${REWRITTEN_HOST}`];

it.concurrent.each(chosenVersions())(
  "openclaw %s does with every client and injected header what docs/compatibility.md says",
  async (version) => {
    const gateway = await startGateway(await installOpenClaw(version));
    onTestFinished(() => gateway.close());
    const shim = await startShimProcess(gateway.url, PUBLIC_PAGE);
    onTestFinished(() => shim.close());

    const matrix = await runMatrix(gateway, shim);

    expect(matrix.problems.slice(0, SHOWN)).toEqual([]);
    const measured = section(version, matrix);
    if (UPDATE) recordSection(version, measured);
    expect(measured, "docs/compatibility.md says otherwise; UPDATE=1 writes it anew").toBe(
      recordedSection(version),
    );
  },
  DEADLINE_MS,
);
