import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundle, type Bundle } from "../commands/bundle.ts";
import { runDoctorCommand, toFix, type DoctorRun } from "../commands/doctor/run.ts";
import { knownDevices } from "./devices.ts";
import { startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { startVercelProxy } from "./vercel-proxy.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";

/** Releases on which no client is local if loopback is a trusted proxy. */
const NOT_LOCAL_BEHIND_TRUSTED_LOOPBACK = ["2026.2.19", "2026.3.23"];
/** Each test starts a gateway. */
const SLOW = { timeout: 300_000 };

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

describe.each(chosenVersions())("doctor at openclaw %s, configured with", (version) => {
  const start = async (config: object): Promise<Gateway> => {
    const gateway = await startGateway(await installOpenClaw(version), { config: { ...config } });
    onTestFinished(() => gateway.close());
    return gateway;
  };
  const doctor = ({ home }: Gateway, args: readonly string[] = []): Promise<DoctorRun> =>
    runDoctorCommand(command, ["--listen", "127.0.0.1:1", ...args], { HOME: home.path });

  it.runIf(NOT_LOCAL_BEHIND_TRUSTED_LOOPBACK.includes(version))(
    "loopback as a trusted proxy, finds that no client is local",
    SLOW,
    async () => {
      const gateway = await start({ trustedProxies: ["127.0.0.1/32"] });

      const runs = [await doctor(gateway), await doctor(gateway), await doctor(gateway)];

      for (const run of runs) {
        expect(run).toMatchObject({ code: 1, local: false, left: [] });
        expect(toFix(run)).toEqual(["direct", "trustedProxies"]);
        expect(run.of("direct")[0]?.fix).toContain("trustedProxies");
        expect(run.findings).toEqual(runs[0]?.findings);
      }
      expect(stored(gateway, "pending")).toEqual({});
      expect(stored(gateway, "paired")).toEqual({});

      // With the flag it tries a device. It reports its request, and does not advise to approve it.
      const tried = await doctor(gateway, ["--test-device"]);
      expect(toFix(tried)).toEqual(["direct", "trustedProxies"]);
      const [left] = tried.left;
      expect(tried.left).toHaveLength(1);
      expect(tried.of("left behind", "note")[0]?.finding).toContain(left?.deviceId);
      expect(Object.keys(stored(gateway, "pending"))).toEqual([left?.requestId]);
      const after = await doctor(gateway);
      expect(toFix(after)).toEqual(["direct", "trustedProxies"]);
      expect(after.of("pending", "note")[0]?.finding).toContain("of doctor's own test devices");
      expect(stored(gateway, "paired")).toEqual({});
    },
  );

  it.runIf(version === "2026.4.5")(
    "loopback as a trusted proxy, finds that clients are still local",
    SLOW,
    async () => {
      const gateway = await start({ trustedProxies: ["127.0.0.1/32"] });

      const run = await doctor(gateway);

      expect(run).toMatchObject({ code: 0, local: true, left: [] });
      expect(run.of("trustedProxies", "note")).toHaveLength(1);
      expect(await knownDevices(gateway)).toEqual({ pending: [], paired: [] });
    },
  );

  it.runIf(version === "2026.9.6")(
    "autoApproveLocal: false and loopback as a trusted proxy, finds the former",
    SLOW,
    async () => {
      const gateway = await start({
        trustedProxies: ["127.0.0.1/32"],
        nodes: { pairing: { autoApproveLocal: false } },
      });

      const run = await doctor(gateway);

      expect(run).toMatchObject({ code: 1, local: false, left: [] });
      expect(toFix(run)).toEqual(["direct", "autoApproveLocal"]);
      expect(run.of("direct")[0]?.fix).toContain("autoApproveLocal");
      expect(run.of("trustedProxies", "note")).toHaveLength(1);
      expect(await knownDevices(gateway)).toEqual({ pending: [], paired: [] });
    },
  );

  it("no authentication, warns about a header-injecting proxy", SLOW, async () => {
    const gateway = await start({ auth: { mode: "none" } });
    const proxy = await startVercelProxy(gateway.port);
    onTestFinished(() => proxy.close());

    const alone = await doctor(gateway);
    expect(alone).toMatchObject({ code: 0, local: true, left: [] });
    expect(alone.of("auth", "note")).toHaveLength(1);

    const behind = await doctor(gateway, ["--via", proxy.url]);
    expect(behind).toMatchObject({ code: 1, left: [] });
    expect(behind.of("auth")[0]?.finding).toContain(`${proxy.url} forwards to it`);
    expect(await knownDevices(gateway)).toEqual({ pending: [], paired: [] });
  });
});

/** Reads a file with devices of the releases that have them. */
function stored({ home }: Gateway, name: string): object {
  const path = join(home.path, ".openclaw", "devices", `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as object) : {};
}
