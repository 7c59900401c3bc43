import { describe, expect, it } from "vitest";
import { load, problems } from "./load.ts";

describe("--allow-from", () => {
  it.each([
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["10.0.0.5", "10.0.0.5/32"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["fd00::/8", "fd00::/8"],
    ["FD00:0::5", "fd00::5/128"],
  ])("takes %s", async (text, block) => {
    expect((await load(["--allow-from", text])).allowFrom).toEqual([block]);
  });

  it.each([
    "127.1/8",
    "10.0.0.0/33",
    "fd00::/129",
    "10.0.0.0/",
    "10.0.0.0/08",
    "10.0.0/24",
    "lan",
    "fe80::1%eth0",
    "10.0.0.0-10.0.0.9",
    "*",
  ])("refuses %s", async (text) => {
    expect((await problems(["--allow-from", text]))[0]).toMatch(
      /^--allow-from: ".*" is not an IP address or CIDR block; write/,
    );
  });

  it("suggests the block if bits are set beyond the prefix", async () => {
    expect(await problems(["--allow-from", "10.1.2.3/8"])).toEqual([
      '--allow-from: "10.1.2.3/8" has bits set beyond its prefix; write 10.0.0.0/8 for the block, 10.1.2.3 for the one address',
    ]);
  });

  it("refuses an IPv4-mapped block, which could never match", async () => {
    expect((await problems(["--allow-from", "::ffff:10.0.0.0/104"]))[0]).toContain(
      "write the IPv4 address or block itself",
    );
  });
});

describe("--allow-host", () => {
  it.each([
    ["Shim.Internal.", "shim.internal"],
    ["my_service", "my_service"],
    ["192.168.1.5", "192.168.1.5"],
    ["[FD00::1]", "fd00::1"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ])("takes %s", async (text, name) => {
    expect((await load(["--allow-host", text])).allowHost).toEqual([name]);
  });

  it.each([
    "*",
    "*.example",
    "http://shim",
    "shim:80",
    "shim/",
    "a..b",
    "a-",
    "127.1",
    "0x7f",
    "bücher.example",
    "a b",
    "fe80::1%lo",
  ])("refuses %s", async (text) => {
    expect((await problems(["--allow-host", text]))[0]).toMatch(
      /^--allow-host: ".*" is not a host name; write a name/,
    );
  });
});

describe("--allow-origin", () => {
  it.each([
    ["https://App.Example", "https://app.example"],
    ["http://10.0.0.5:8080", "http://10.0.0.5:8080"],
    ["http://[fd00::1]:8080", "http://[fd00::1]:8080"],
    [
      "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
      "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    ],
  ])("takes %s", async (text, origin) => {
    expect((await load(["--allow-origin", text])).allowOrigin).toEqual([origin]);
  });

  it.each([
    "*",
    "null",
    "https://*",
    "https://*.example",
    "https://app.example/",
    "https://app.example/path",
    "app.example",
    "file:///x",
    "data://x",
    "ws://app.example",
    "https://",
    "https://u:p@app.example",
    "https://127.1",
    "https://app.example:0",
    "https://app.example:99999",
  ])("refuses %s", async (text) => {
    expect((await problems(["--allow-origin", text]))[0]).toMatch(
      /^--allow-origin: ".*" (is not the origin|has no valid).*write it as browsers send it/,
    );
  });

  it.each([
    ["https://app.example:443", "https://app.example"],
    ["http://app.example:80", "http://app.example"],
    ["http://[0::1]:5", "http://[::1]:5"],
  ])("suggests how a browser would send %s", async (text, origin) => {
    expect(await problems(["--allow-origin", text])).toEqual([
      `--allow-origin: "${text}" is not how a browser sends it; write ${origin}`,
    ]);
  });
});
