import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runCli, type CliResult } from "./cli.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { createHome } from "./home.ts";
import { startVercelProxy } from "./vercel-proxy.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";
import { startShimProcess } from "./shim-process.ts";

/** Commands for which the CLI of each release requests different scopes. */
const COMMANDS = [
  ["cron", "list", "--json"],
  ["devices", "list", "--json"],
];

describe.each(chosenVersions())("openclaw %s's CLI after a refusal, with --approve seen", (version) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(await installOpenClaw(version));
    return () => gateway.close();
  });

  it.each(COMMANDS)("runs %s %s at the first attempt", async (...command) => {
    const home = await createHome();
    onTestFinished(() => home.remove());
    const runAt = (url: string): Promise<CliResult> =>
      runCli(gateway.openclaw, home, [...command, "--url", url, "--token", gateway.token]);
    const proxy = await startVercelProxy(gateway.port);
    onTestFinished(() => proxy.close());
    expect(await runAt(proxy.url)).toMatchObject({ code: 1 });

    const tokenFile = join(home.path, "token");
    await writeFile(tokenFile, gateway.token, { mode: 0o600 });
    const shim = await startShimProcess(gateway.url, ["--approve", "seen", "--token-file", tokenFile]);
    onTestFinished(() => shim.close());
    await shim.event("approver.up");
    expect(await runAt(shim.url), shim.log.join("\n")).toMatchObject({ code: 0 });
  });
});
