import { describe, expect, it } from "vitest";
import { load, problems } from "./load.ts";

describe("--listen", () => {
  it.each([
    ["127.0.0.1:0", "127.0.0.1", 0],
    ["127.0.0.2:65535", "127.0.0.2", 65_535],
    ["[::1]:1", "::1", 1],
    ["[0:0::0:1]:1", "::1", 1],
    ["[::ffff:127.0.0.1]:1", "127.0.0.1", 1],
    ["LocalHost:21000", "127.0.0.1", 21_000],
  ])("takes %s", async (text, host, port) => {
    expect((await load(["--listen", text])).listen).toEqual([{ host, port }]);
  });

  it("takes a port alone as both loopback addresses, of which the machine may lack [::1]", async () => {
    const both = (port: number) => [
      { host: "127.0.0.1", port },
      { host: "::1", port, optional: true },
    ];
    expect((await load(["--listen", "21000"])).listen).toEqual(both(21_000));
    expect((await load([], { OPENCLAW_SHIM_LISTEN: "21000,127.0.0.2:1" })).listen).toEqual([
      ...both(21_000),
      { host: "127.0.0.2", port: 1 },
    ]);
    expect((await load(["--listen", "0"])).listen).toEqual([{ host: "127.0.0.1", port: 0 }]);
  });

  it("checks a port alone as it checks addresses", async () => {
    expect(await problems(["--listen", "18789"])).toEqual([
      expect.stringMatching(/^--listen: "18789" is the gateway's own address/),
    ]);
    expect(await problems(["--listen", "5", "--listen", "127.0.0.1:5"])).toEqual([
      '--listen: "127.0.0.1:5" is included in "5"; leave one out',
    ]);
    expect(await problems(["--listen", "5", "--listen", "5"])).toEqual([
      '--listen: "5" is included in "5"; leave one out',
    ]);
    expect(await problems(["--listen", "5", "--gateway", "ws://localhost:5"])).toHaveLength(1);
  });

  it.each([
    "127.1:18788",
    "0177.0.0.1:18788",
    "2130706433:18788",
    "0x7f.1:18788",
    "shim.example:18788",
    ":18788",
    "*:18788",
    "018788",
    "65536",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "127.0.0.1:0x50",
    "127.0.0.1:018788",
    "::1:18788",
    "[127.0.0.1]:18788",
    "[::1]",
    "127.0.0.1:1:2",
    "http://127.0.0.1:1",
    "127.0.0.1:1/",
    " 127.0.0.1:1",
  ])("refuses %s", async (text) => {
    const [problem, ...others] = await problems(["--listen", text]);
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /^--listen: ".*" (is not|has no|has a) .*write HOST:PORT, such as 127\.0\.0\.1:18788/,
    );
  });

  it.each(["0.0.0.0:1", "[::]:1", "192.168.1.5:1", "[fe80::1%eth0]:1"])(
    "beyond loopback, %s, needs --allow-from",
    async (text) => {
      expect(await problems(["--listen", text])).toEqual([
        `--listen: "${text}" is not a loopback address; give --allow-from CIDR with the peers that may connect, or listen on 127.0.0.1`,
      ]);
      expect(await problems(["--listen", text, "--allow-from", "10.0.0.0/8"])).toEqual([]);
    },
  );

  it.each([
    ["127.0.0.1:18789", []],
    ["0.0.0.0:18789", ["--allow-from", "10.0.0.0/8"]],
    ["[::]:18789", ["--allow-from", "10.0.0.0/8"]],
    ["127.0.0.1:21050", ["--gateway", "ws://localhost:21050"]],
    ["[::1]:21050", ["--gateway", "ws://[::1]:21050"]],
  ])("on the gateway's own address, %s, would connect to itself", async (text, more) => {
    const [problem, ...others] = await problems(["--listen", text, ...more]);
    expect(others).toEqual([]);
    expect(problem).toContain(`--listen: "${text}" is the gateway's own address`);
  });

  it("may have the gateway's port on another address", async () => {
    expect(await problems(["--listen", "127.0.0.2:18789"])).toEqual([]);
  });

  it("refuses one address twice, in whatever form", async () => {
    expect(await problems(["--listen", "[::1]:5", "--listen", "[0::1]:5"])).toEqual([
      '--listen: "[0::1]:5" is included in "[::1]:5"; leave one out',
    ]);
    expect(await problems(["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"])).toEqual([]);
  });

  it.each([
    ["0.0.0.0:5", "127.0.0.1:5"],
    ["[::]:5", "0.0.0.0:5"],
    ["[::]:5", "[::1]:5"],
    ["[::]:5", "10.0.0.5:5"],
  ])("refuses beside %s what it includes: %s", async (all, one) => {
    const peers = ["--allow-from", "10.0.0.0/8"];
    const problem = `--listen: "${one}" is included in "${all}"; leave one out`;
    expect(await problems(["--listen", all, "--listen", one, ...peers])).toEqual([problem]);
    expect(await problems(["--listen", one, "--listen", all, ...peers])).toEqual([problem]);
  });

  it("takes another port, any free one, or another family beside all addresses", async () => {
    const peers = ["--allow-from", "10.0.0.0/8"];
    expect(await problems(["--listen", "[::]:5", "--listen", "127.0.0.1:6", ...peers])).toEqual([]);
    expect(await problems(["--listen", "0.0.0.0:0", "--listen", "127.0.0.1:0", ...peers])).toEqual([]);
    expect(await problems(["--listen", "0.0.0.0:5", "--listen", "[::1]:5", ...peers])).toEqual([]);
  });
});

describe("--metrics-listen", () => {
  it("takes every address of this machine, without --allow-from", async () => {
    const { metricsListen } = await load(["--metrics-listen", "0.0.0.0:9464"]);
    expect(metricsListen).toEqual({ host: "0.0.0.0", port: 9464 });
  });

  it("takes a port of loopback", async () => {
    const { metricsListen } = await load(["--metrics-listen", "9464"]);
    expect(metricsListen).toEqual({ host: "127.0.0.1", port: 9464 });
  });

  it.each([
    ["127.0.0.1:18788", 'is included in "127.0.0.1:18788"'],
    ["0.0.0.0:18788", "is included in"],
    ["127.0.0.1:18789", "is the gateway's own address"],
    ["prometheus:9464", "is not an address to listen on"],
  ])("refuses %s", async (text, problem) => {
    expect((await problems(["--metrics-listen", text])).join()).toContain(problem);
  });
});
