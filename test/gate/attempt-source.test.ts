import { describe, expect, it } from "vitest";
import { AttemptSource } from "../../src/gate/attempt-source.ts";
import type { OriginVerdict } from "../../src/gate/origin.ts";

const from = (
  address: string,
  origin: OriginVerdict = "absent",
  fields: readonly (readonly [string, string])[] = [],
) => new AttemptSource(address, origin, fields);
const forwardedFor = (...values: string[]) =>
  from(
    "127.0.0.1",
    "absent",
    values.map((value) => ["X-Forwarded-For", value] as const),
  ).client;

describe("the source of an attempt", () => {
  it.each([
    ["127.0.0.1", "absent", "local"],
    ["::1", "own", "local"],
    ["::ffff:127.0.0.1", "absent", "local"],
    ["127.0.0.1", "foreign", "page"],
    ["192.0.2.7", "absent", "peer 192.0.2.7"],
    ["::ffff:192.0.2.7", "foreign", "peer 192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "absent", "peer 2001:db8:1:2::/64"],
    ["2001:db8:1:2::ffff", "absent", "peer 2001:db8:1:2::/64"],
    ["2001:db8:1:3::1", "absent", "peer 2001:db8:1:3::/64"],
    ["fe80::1%eth0", "absent", "peer fe80:0:0:0::/64"],
  ] as const)("%s with an Origin that is %s is one client of %s", (address, origin, group) => {
    const source = from(address, origin);
    expect([source.group, source.client]).toEqual([group, group]);
    expect(source.peer).toBe(group.startsWith("peer") ? group : undefined);
  });

  it("behind a proxy is the client that the proxy wrote last into X-Forwarded-For", () => {
    expect(forwardedFor("203.0.113.7")).toBe("forwarded for 203.0.113.7");
    expect(forwardedFor("198.51.100.1, 203.0.113.7:4711")).toBe("forwarded for 203.0.113.7");
    expect(forwardedFor("198.51.100.1", "203.0.113.7")).toBe("forwarded for 203.0.113.7");
    expect(forwardedFor("[2001:db8::1]:80")).toBe("forwarded for 2001:db8:0:0::/64");
    expect(forwardedFor("x".repeat(10_000))).toHaveLength(78);
  });

  it("is not told apart by other forwarding fields", () => {
    const clients = ["1", "2"].map(
      (n) =>
        from("::1", "absent", [
          ["X-Real-IP", `203.0.113.${n}`],
          ["Via", n],
        ]).client,
    );
    expect(clients).toEqual(["forwarded", "forwarded"]);
  });

  it("is a proxy's client also for a peer that is not loopback, and such a peer is not one client", () => {
    const source = from("172.17.0.1", "absent", [["x-forwarded-for", "203.0.113.7"]]);
    expect(source).toMatchObject({ group: "peer 172.17.0.1", client: "peer 172.17.0.1 for 203.0.113.7" });
    expect(source.peer).toBeUndefined();
  });
});
