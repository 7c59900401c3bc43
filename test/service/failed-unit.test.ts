import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { STATUS_FLAGS, UNINSTALL_FLAGS } from "../../src/cli/command.ts";
import { perform } from "../../src/commands/service/operations.ts";
import { status } from "../../src/commands/service/status-command.ts";
import { planUninstall, systemdService } from "../../src/commands/service/systemd.ts";
import { handshake } from "../support/client.ts";
import { startTestGateway, TOKEN } from "../commands/doctor/bench.ts";
import { openTestShim, type TestShim } from "../support/shim.ts";
import { commandContext } from "./command-context.ts";

const UNIT = "openclaw-shim.service";
const WHY = `openclaw-shim: OPENCLAW_SHIM_HOLD: "banana" is not a duration; write 10s`;

let folder: string;
let shim: TestShim;
let said: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-shim-failed-"));
  said = [];
  mkdirSync(join(folder, "bin"));
  for (const name of ["systemctl", "journalctl", "rm"])
    copyFileSync(join(import.meta.dirname, "systemctl.sh"), join(folder, "bin", name));
  writeFileSync(join(folder, "journal"), `{"level":"info","msg":"listening"}\n${WHY}\n{"msg":"later"}\n`);
  writeFileSync(join(folder, "failed"), "");
  const gateway = await startTestGateway();
  shim = await openTestShim(gateway.port);
  onTestFinished(async () => {
    await shim.close();
    rmSync(folder, { recursive: true });
  });
});

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
    FAKE_SYSTEMD: folder,
    FAKE_LISTEN: shim.authority,
  };
}

describe("status of a failed unit", () => {
  const run = (...args: readonly string[]): Promise<number> =>
    status(
      commandContext(STATUS_FLAGS, args, environment(), { said, warned: said }),
      systemdService({ uid: 501, env: environment(), home: folder }, false),
    );

  it("prints the last line that its process wrote to stderr", async () => {
    await shim.close();
    expect(await run()).toBe(1);
    expect(said.slice(0, 2)).toEqual([`${UNIT} (user): failed (failed), exit-code`, `  last error: ${WHY}`]);
    expect(readFileSync(join(folder, "calls"), "utf8")).toMatch(
      /^journalctl .*_SYSTEMD_USER_UNIT=openclaw-shim\.service _PID=4711$/m,
    );
    await run("--json");
    expect(JSON.parse(said.at(-1) ?? "")).toMatchObject({ running: false, lastError: WHY });
  });

  it("asks the user's systemd and the machine's once each", async () => {
    await run();
    const calls = readFileSync(join(folder, "calls"), "utf8").split("\n");
    const units = `show openclaw-shim.socket ${UNIT}`;
    expect(calls.filter((call) => call.includes(" show ")).toSorted()).toEqual([
      `systemctl --user ${units}`,
      `systemctl ${units}`,
    ]);
  });

  it("prints the error itself if Node printed its stack", async () => {
    const stack =
      "node:internal/x:1\n    throw e;\n\nError: EMFILE\n    at f (x.mjs:1:1)\n\nNode.js v22.1.0\n";
    writeFileSync(join(folder, "journal"), stack);
    await run("--json");
    expect(JSON.parse(said.at(-1) ?? "")).toMatchObject({ lastError: "Error: EMFILE" });
  });

  it("reports a shim that runs beside it, and never running:false", async () => {
    expect(await run("--json")).toBe(0);
    expect(JSON.parse(said.at(-1) ?? "")).toMatchObject({
      installed: true,
      running: true,
      state: "failed (failed), exit-code",
      address: shim.authority,
    });
    await run();
    expect(said).toContain(`  another shim, which is not the service, runs at ${shim.authority}`);
  });

  it("prints outcomes newest first, with time, client and reason", async () => {
    await handshake({ url: `ws://${shim.authority}`, token: TOKEN });
    await shim.outcome();
    await handshake({ url: `ws://${shim.authority}`, token: "wrong" });
    await shim.outcome(1);
    await run();
    const first = said.indexOf("  last outcomes, newest first:") + 1;
    expect(said.slice(first)).toEqual([
      expect.stringMatching(
        /^ {4}\d{4}-\S+Z unauthorized \(AUTH_TOKEN_MISMATCH\): cli \S+ at 127\.0\.0\.1; fix: /,
      ),
      expect.stringMatching(/^ {4}\d{4}-\S+Z connected: cli \S+ at 127\.0\.0\.1$/),
    ]);
    await run("--json");
    expect(JSON.parse(said.at(-1) ?? "")).toMatchObject({
      outcomes: [{ outcome: "unauthorized" }, { outcome: "connected" }],
    });
  });
});

describe("uninstall --system of a failed unit", () => {
  /** Uninstalls from an image, as if it ran. @returns the commands that changed something */
  async function uninstall(): Promise<string[]> {
    const image = join(folder, "image");
    mkdirSync(join(image, "etc/systemd/system"), { recursive: true });
    writeFileSync(join(image, "etc/systemd/system", UNIT), "");
    const { scope } = systemdService({ uid: 0, env: environment(), home: "/root" }, true, image);
    const running = { ...scope, offline: false, env: environment() };
    await perform(
      planUninstall(running),
      running,
      commandContext(UNINSTALL_FLAGS, [], environment(), { said, warned: said }),
    );
    expect(existsSync(join(image, "etc/systemd/system", UNIT))).toBe(false);
    return readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
  }

  it("resets the unit before its state is removed", async () => {
    expect(await uninstall()).toEqual([
      `systemctl disable --now ${UNIT}`,
      `systemctl reset-failed ${UNIT} openclaw-shim.socket`,
      `systemctl clean --what=state ${UNIT}`,
      "systemctl daemon-reload",
    ]);
    expect(said).toContain(`ran systemctl clean --what=state ${UNIT}`);
  });

  it("removes the state itself if systemd does not, and says so", async () => {
    writeFileSync(join(folder, "old"), "");
    const remove = "rm -rf /var/lib/openclaw-shim /var/lib/private/openclaw-shim";
    expect(await uninstall()).toContain(remove);
    expect(said).toContain(`ran ${remove}`);
  });
});
