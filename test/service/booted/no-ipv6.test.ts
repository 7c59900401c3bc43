import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, property, shim, SOCKET, startGateway } from "./act.ts";
import { Machine } from "./machine.ts";

let machine: Machine;

beforeAll(async () => {
  machine = await Machine.create();
  await machine.boot();
  await machine.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"]);
  await startGateway(machine);
});
afterAll(() => machine?.close());

it("a machine without IPv6 still listens on 127.0.0.1", async () => {
  expect(await machine.run(["ip", "-6", "address"])).toBe("");
  await shim(machine, ["install", "--system"]);
  expect(await property(machine, "ActiveState", SOCKET)).toBe("active");
  expect(await connect(machine)).toMatchObject({ ok: true });
});
