import { expect, it, onTestFinished } from "vitest";
import { runCli } from "./cli.ts";
import { createHome } from "./home.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";

/** npm downloads several hundred MB. */
const DEADLINE_MS = 600_000;

// CI runs it in the background, before the tests that need a gateway.
it.each(chosenVersions())(
  "openclaw %s is installed and prints its version",
  { timeout: DEADLINE_MS },
  async (version) => {
    const home = await createHome();
    onTestFinished(() => home.remove());
    const { code, output } = await runCli(await installOpenClaw(version), home, ["--version"]);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(version) });
  },
);
