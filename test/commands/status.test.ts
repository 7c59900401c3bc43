import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { handshake } from "../support/client.ts";
import { startTestGateway, TOKEN } from "./doctor/bench.ts";
import { freePort } from "../support/raw.ts";
import { openTestShim, type TestShim } from "../support/shim.ts";
import { bundle, start, type Bundle, type RunningCommand } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

async function openShim(gatewayPort: number): Promise<TestShim> {
  const shim = await openTestShim(gatewayPort);
  onTestFinished(() => shim.close());
  return shim;
}

/** A home without a unit; no systemctl on the PATH, so that no service of this machine is asked about. */
function status(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): RunningCommand {
  return start(command, ["status", ...args], { PATH: "/nonexistent", ...env });
}

describe("status without a service", () => {
  it("asks a shim that runs without one; exit 0 if that reaches the gateway", async () => {
    const gateway = await startTestGateway();
    const shim = await openShim(gateway.port);
    await handshake({ url: `ws://${shim.authority}`, token: TOKEN });
    await shim.outcome();

    const run = status(["--listen", shim.authority]);

    expect(await run.exit).toBe(0);
    expect(run.stdout[0]).toBe(`not installed as a service, but a shim runs at ${shim.authority}`);
    expect(run.stdout[2]).toContain("the gateway is up since, at the latest, ");
    expect(run.stdout).toContain("  last outcomes, newest first:");
  });

  it("exits with 1 if the gateway is down, and finds the shim by the environment", async () => {
    const shim = await openShim(await freePort());

    const run = status(["--json"], { OPENCLAW_SHIM_LISTEN: shim.authority });

    expect(await run.exit).toBe(1);
    expect(JSON.parse(run.stdout.join(""))).toMatchObject({
      installed: false,
      address: shim.authority,
      gateway: { reachable: false },
    });
  });

  it.each([[[]], [["--system"]]])("suggests the install for the same service: %j", async (flags) => {
    const at = `127.0.0.1:${await freePort()}`;

    const run = status([...flags, "--listen", at]);

    expect(await run.exit).toBe(1);
    const install = ["node", command.path, "install", ...flags].join(" ");
    expect(run.stdout[0]).toMatch(/^openclaw-shim\.service \((user|system)\): not installed; /);
    expect(run.stdout[0]).toContain(`; to install it: ${install}`);
    expect(run.stdout[1]).toBe(`  no response at ${at} (ECONNREFUSED)`);
  });

  it("refuses a --listen that is not an address", async () => {
    const run = status(["--listen", "foo"]);

    expect(await run.exit).toBe(2);
    expect(run.stderr).toEqual([expect.stringContaining('--listen: "foo" is not an address to listen on')]);
  });
});
