import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startMac, UID } from "./mac.ts";

const SCREEN = `gui/${UID}`;
const BACKGROUND = `user/${UID}`;
const LABEL = "ai.openclaw.shim";

describe("LaunchAgent: commands of launchctl", () => {
  it("install: enable, then bootstrap", async () => {
    const mac = await startMac();
    await mac.install("--listen", `127.0.0.1:${mac.port}`);
    expect(mac.changes()).toEqual([`enable ${SCREEN}/${LABEL}`, `bootstrap ${SCREEN} ${mac.plistPath}`]);
    expect(mac.said.at(-1)).toContain(`openclaw-shim responds at 127.0.0.1:${mac.port}`);
  });

  it("the command that stops it: bootout, in the domain in which it is loaded", async () => {
    for (const [domain, noScreen] of [
      [SCREEN, ""],
      [BACKGROUND, "125"],
    ] as const) {
      const mac = await startMac({ noScreen });
      await mac.install("--listen", `127.0.0.1:${mac.port}`);
      expect(await mac.stopCommand()).toBe(`launchctl bootout ${domain}/${LABEL}`);
    }
  });

  it("a second install: nothing", async () => {
    const mac = await startMac();
    await mac.install("--listen", `127.0.0.1:${mac.port}`);
    mac.changes();
    await mac.install();
    expect(mac.changes()).toEqual([]);
    expect(mac.said.at(-2)).toBe("nothing to do: it is already installed like this");
  });

  it("upgrade: kickstart -k, as the plist is the same", async () => {
    const mac = await startMac();
    await mac.install("--listen", `127.0.0.1:${mac.port}`);
    mac.changes();
    mac.program = "// a later release";
    await mac.install();
    expect(mac.changes()).toEqual([`kickstart -k ${SCREEN}/${LABEL}`]);
    const installed = join(mac.home, "Library/Application Support/openclaw-shim/openclaw-shim.mjs");
    expect(readFileSync(installed, "utf8")).toBe("// a later release");
  });

  it("another plist: bootout, wait until the agent is removed, then enable and bootstrap", async () => {
    const mac = await startMac();
    await mac.install("--listen", `127.0.0.1:${mac.port}`);
    mac.changes();
    await mac.install("--drain", "1m");
    expect(mac.changes()).toEqual([
      `bootout ${SCREEN}/${LABEL}`,
      `enable ${SCREEN}/${LABEL}`,
      `bootstrap ${SCREEN} ${mac.plistPath}`,
    ]);
    expect(mac.plist()["ExitTimeOut"]).toBe(70);
  });

  it.each(["125", "112"])(
    "no login at the screen (%s): the user's own domain, as Background",
    async (noScreen) => {
      const mac = await startMac({ noScreen });
      await mac.install("--listen", `127.0.0.1:${mac.port}`);
      expect(mac.changes()).toEqual([
        `enable ${SCREEN}/${LABEL}`,
        `bootstrap ${SCREEN} ${mac.plistPath}`,
        `enable ${BACKGROUND}/${LABEL}`,
        `bootstrap ${BACKGROUND} ${mac.plistPath}`,
      ]);
      expect(mac.plist()["LimitLoadToSessionType"]).toBe("Background");
      mac.program = "// a later release";
      await mac.install();
      expect(mac.changes()).toEqual([`kickstart -k ${BACKGROUND}/${LABEL}`]);
    },
  );

  it("reports any other failure with launchctl's own message", async () => {
    const mac = await startMac({ noScreen: "5" });
    expect(await mac.install("--listen", `127.0.0.1:${mac.port}`)).toBe(1);
    expect(mac.warned.at(-1)).toContain(
      `"launchctl bootstrap ${SCREEN} ${mac.plistPath}" failed: launchctl: Bootstrap failed: 5`,
    );
  });

  it("uninstall: bootout, and no file remains", async () => {
    const mac = await startMac();
    await mac.install("--listen", `127.0.0.1:${mac.port}`);
    mac.changes();
    await mac.uninstall();
    expect(mac.changes()).toEqual([`bootout ${SCREEN}/${LABEL}`]);
    const files = readdirSync(mac.home, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files).toEqual([]);
    expect(existsSync(join(mac.home, "Library/Application Support/openclaw-shim"))).toBe(false);
    await mac.uninstall();
    expect(mac.said.at(-1)).toBe("nothing to do: it is not installed");
  });

  it("a dry run changes nothing, and prints what it would write", async () => {
    const mac = await startMac();
    await mac.install("--dry-run", "--hold", "20s");
    expect(mac.said.join("\n")).toContain("    OPENCLAW_SHIM_HOLD=20s");
    expect(mac.said.at(-2)).toBe(`would run launchctl bootstrap ${SCREEN} ${mac.plistPath}`);
    expect(mac.changes()).toEqual([]);
    expect(readdirSync(mac.home)).toEqual([]);
  });
});

describe("LaunchAgent: what is installed", () => {
  it("has the intended values when the plist is parsed", async () => {
    const mac = await startMac();
    await mac.install("--listen", `127.0.0.1:${mac.port}`);
    const support = join(mac.home, "Library/Application Support/openclaw-shim");
    const log = join(mac.home, "Library/Logs/openclaw-shim.log");
    expect(mac.plist()).toEqual({
      Label: LABEL,
      ProgramArguments: [
        process.execPath,
        `--env-file=${support}/environment`,
        `${support}/openclaw-shim.mjs`,
        "run",
      ],
      LimitLoadToSessionType: "Aqua",
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 10,
      ExitTimeOut: 20,
      ProcessType: "Interactive",
      Umask: 0o77,
      StandardOutPath: log,
      StandardErrorPath: log,
    });
  });

  it("stores settings in a file of mode 0600, and none in the plist", async () => {
    const mac = await startMac();
    await mac.install("--listen", `127.0.0.1:${mac.port}`, "--hold", "20s");
    const environment = join(mac.home, "Library/Application Support/openclaw-shim/environment");
    expect(statSync(environment).mode & 0o777).toBe(0o600);
    expect(readFileSync(environment, "utf8")).toContain("\nOPENCLAW_SHIM_HOLD=20s\n");
    expect(readFileSync(mac.plistPath, "utf8")).not.toContain("20s");
  });
});

describe("LaunchAgent: status", () => {
  it("reports launchd's state, and asks the shim at the address in its settings", async () => {
    const mac = await startMac();
    expect(await mac.status()).toMatchObject({ installed: false, running: false });
    await mac.install("--listen", `127.0.0.1:${mac.port}`);
    expect(await mac.status()).toMatchObject({
      name: `${LABEL} (${SCREEN})`,
      installed: true,
      running: true,
      state: "running",
      pid: 4711,
      address: `127.0.0.1:${mac.port}`,
      gateway: { reachable: false },
    });
  });

  it("prints why the agent stopped: the last line of its log that is not an outcome", async () => {
    const mac = await startMac();
    await mac.install("--listen", `127.0.0.1:${mac.port}`);
    const why = 'openclaw-shim: --hold: "soon" is not a duration';
    mkdirSync(join(mac.home, "Library/Logs"));
    writeFileSync(join(mac.home, "Library/Logs/openclaw-shim.log"), `${why}\n{"msg":"pairing outcome"}\n`);
    writeFileSync(join(mac.home, "../crashed"), "");
    expect(await mac.status()).toMatchObject({ state: "not running, last exit code 2", lastError: why });
  });
});
