import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { client, property, shim, UNIT, until, startGateway } from "./act.ts";
import { Machine } from "./machine.ts";

const RESTARTS = 5;

let machine: Machine;

beforeAll(async () => {
  machine = await Machine.create();
  await machine.boot();
  await startGateway(machine);
  await shim(machine, ["install", "--system"]);
});
afterAll(() => machine?.close());

describe("systemctl restart openclaw-shim", () => {
  it("under load loses no connection attempt", async () => {
    const load = client(machine, "load");
    const pids = new Set<string>();
    for (let count = 0; count < RESTARTS; count += 1) {
      load.write("50");
      await load.next();
      pids.add(await property(machine, "MainPID"));
      await machine.run(["systemctl", "restart", UNIT]);
    }
    load.end();
    expect(await load.next()).toEqual({ connected: expect.any(Number) as unknown, failures: [] });
    expect(pids.size).toBe(RESTARTS);
  });

  it("lets an open session continue until the drain ends", async () => {
    await shim(machine, ["install", "--system", "--drain", "20s"]);
    const session = client(machine, "stay");
    expect(await session.next()).toEqual({ ok: true });
    const before = await property(machine, "MainPID");
    const restarted = machine.run(["systemctl", "restart", UNIT]);
    await until(
      () => property(machine, "ActiveState"),
      (state) => state === "deactivating",
    );
    const waiting = client(machine, "stay");
    session.write("are you there?");
    expect(await session.next()).toEqual({ answer: "answered" });
    expect(await property(machine, "MainPID")).toBe(before);
    session.end();
    await restarted;
    expect(await waiting.next()).toEqual({ ok: true });
    expect(await property(machine, "MainPID")).not.toBe(before);
    waiting.end();
  });
});
