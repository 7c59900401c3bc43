import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, journal, property, SOCKET, UNIT, until } from "./act.ts";
import { Machine } from "./machine.ts";
import { DOWNLOADED } from "./scripts.ts";

const run = promisify(execFile);

let machine: Machine;

// The image does not run while the shim is installed.
beforeAll(async () => {
  machine = await Machine.create();
  const args = ["install", "--root", machine.root, "--node", "/usr/bin/node", "--hold", "30s"];
  await run(process.execPath, [join(machine.root, DOWNLOADED), ...args]);
  await run("systemctl", ["--root", machine.root, "enable", "openclaw-gateway.service"]);
  await machine.boot();
});
afterAll(() => machine?.close());

describe("an image that the shim was installed into", () => {
  it("is enabled according to systemctl", async () => {
    const said = await run("systemctl", ["--root", machine.root, "is-enabled", UNIT, SOCKET]);
    expect(said.stdout).toBe("enabled\nenabled\n");
  });

  it("runs it at boot", async () => {
    expect(await property(machine, "ActiveState")).toBe("active");
    expect(await property(machine, "ActiveState", SOCKET)).toBe("active");
    expect(await machine.run(["systemctl", "is-system-running"])).toBe("running\n");
  });

  it("connects a client, and logs it as JSON that the journal returns", async () => {
    expect(await connect(machine)).toMatchObject({ ok: true });
    const lines = await until(
      () => journal(machine),
      (found) => found.some((line) => line.includes("pairing.outcome")),
    );
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.find(({ event }) => event === "pairing.outcome")).toMatchObject({
      outcome: "connected",
      client: { id: "cli" },
      gateway: { version: expect.any(String) as unknown },
      normalized: { host: { from: "sandbox.example.com" }, stripped: { "x-forwarded-for": "203.0.113.7" } },
    });
  });

  it("restarts it after SIGKILL without refusing a client", async () => {
    const before = await property(machine, "MainPID");
    await machine.run(["systemctl", "kill", "--signal=KILL", UNIT]);
    expect(await connect(machine)).toMatchObject({ ok: true });
    const after = await until(
      () => property(machine, "MainPID"),
      (pid) => pid !== before && pid !== "0",
    );
    expect(after).not.toBe(before);
    expect(await property(machine, "NRestarts")).not.toBe("0");
  });

  it("stores its settings where only root reads them", () => {
    expect(readFileSync(join(machine.root, "etc/openclaw-shim/environment"), "utf8")).toContain(
      "OPENCLAW_SHIM_HOLD=30s",
    );
  });
});
