import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundle, type Bundle } from "../commands/bundle.ts";
import { runDoctorCommand, toFix, type DoctorRun } from "../doctor/run.ts";
import { knownDevices } from "./devices.ts";
import { startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { startVercelHop } from "./hop.ts";
import { installOpenClaw } from "./openclaw.ts";
import { chosenVersions } from "./releases.ts";

/** Each starts a gateway. */
const SLOW = { timeout: 300_000 };

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

describe.each(chosenVersions())("doctor at openclaw %s, configured so that", (version) => {
  const start = async (config: object): Promise<Gateway> => {
    const gateway = await startGateway(await installOpenClaw(version), { config: { ...config } });
    onTestFinished(() => gateway.close());
    return gateway;
  };
  const doctor = ({ home }: Gateway, args: readonly string[] = []): Promise<DoctorRun> =>
    runDoctorCommand(command, ["--listen", "127.0.0.1:1", ...args], { HOME: home.path });

  it("it trusts loopback as a proxy: a trap before 2026.4, no more than a note since", SLOW, async () => {
    const gateway = await start({ trustedProxies: ["127.0.0.1/32"] });

    const run = await doctor(gateway);

    if (["2026.2.19", "2026.3.23"].includes(version)) {
      expect(run).toMatchObject({ code: 1, local: false });
      expect(toFix(run)).toEqual(["direct", "trustedProxies"]);
      expect(run.of("direct")[0]?.fix).toContain("trustedProxies");
      // No operator is local either: the request of the test device is named, with what rejects it.
      const [left] = run.left;
      expect(run.left).toHaveLength(1);
      expect(run.of("left behind", "note")[0]?.finding).toContain(left?.deviceId);
      expect(run.of("left behind", "note")[0]?.fix).toBe(`openclaw devices reject ${left?.requestId}`);
    } else {
      expect(run).toMatchObject({ code: 0, local: true, left: [] });
      expect(run.of("trustedProxies", "note")).toHaveLength(1);
      expect(await knownDevices(gateway)).toEqual({ pending: [], paired: [] });
    }
  });

  it("it asks nobody for credentials, behind a hop", SLOW, async () => {
    const gateway = await start({ auth: { mode: "none" } });
    const hop = await startVercelHop(gateway.port);
    onTestFinished(() => hop.close());

    const alone = await doctor(gateway);
    expect(alone).toMatchObject({ code: 0, local: true, left: [] });
    expect(alone.of("auth", "note")).toHaveLength(1);

    const behind = await doctor(gateway, ["--via", hop.url]);
    expect(behind).toMatchObject({ code: 1, left: [] });
    expect(behind.of("auth")[0]?.finding).toContain(`${hop.url} forwards to it`);
    expect(await knownDevices(gateway)).toEqual({ pending: [], paired: [] });
  });

  it.runIf(version === "2026.9.6")(
    "it asks for every device, and leaves no request behind",
    SLOW,
    async () => {
      const gateway = await start({ nodes: { pairing: { autoApproveLocal: false } } });

      const run = await doctor(gateway);

      expect(run).toMatchObject({ code: 1, local: false, left: [] });
      expect(toFix(run)).toEqual(["direct", "autoApproveLocal"]);
      expect(run.of("direct")[0]?.fix).toContain("autoApproveLocal");
      expect(await knownDevices(gateway)).toEqual({ pending: [], paired: [] });
    },
  );
});
