import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { credentialDropIn, serviceUnit, socketUnit } from "../../src/commands/service/systemd.ts";
import { resolveOptions, type ShimOptions } from "../../src/settings/options.ts";

const FILES = join(import.meta.dirname, "../../systemd");
const BUNDLE = "/usr/local/lib/openclaw-shim/openclaw-shim.mjs";

const SYSTEM = { system: true, bundle: BUNDLE, environment: "/etc/openclaw-shim/environment" };

/** Returns the service unit of a system service. */
function service(options: ShimOptions = {}, scope = SYSTEM, node = "/usr/bin/node"): string {
  return serviceUnit(scope, { node, settings: resolveOptions(options) });
}

function directives(unit: string, name: string): string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}

/** Returns the unit of a shim for a remote gateway. */
function before(gateway: string): string {
  return service({ gateway, allowRemoteGateway: true });
}

/** Returns ExecStart= for these paths. */
function startOf(node: string, bundle: string): string {
  return directives(service({}, { ...SYSTEM, bundle }, node), "ExecStart")[0] ?? "";
}

describe("units", () => {
  it("are exactly the files in systemd/ without settings", () => {
    expect(service()).toBe(readFileSync(join(FILES, "openclaw-shim.service"), "utf8"));
    expect(socketUnit(true, resolveOptions({}))).toBe(
      readFileSync(join(FILES, "openclaw-shim.socket"), "utf8"),
    );
  });

  it("of a user are the files in systemd/user/, except for the paths", () => {
    const bundle = "/home/alice/.local/share/openclaw-shim/openclaw-shim.mjs";
    const environment = "/home/alice/.config/openclaw-shim/environment";
    const file = readFileSync(join(FILES, "user/openclaw-shim.service"), "utf8");
    expect(service({}, { system: false, bundle, environment })).toBe(
      file.replaceAll("%h", "/home/alice").replaceAll("%E", "/home/alice/.config"),
    );
    expect(socketUnit(false, resolveOptions({}))).toBe(
      readFileSync(join(FILES, "user/openclaw-shim.socket"), "utf8"),
    );
  });

  it("have the addresses of --listen and the peers of --allow-from", () => {
    const unit = socketUnit(
      true,
      resolveOptions({ listen: ["172.17.0.1:18788", "[fd00::1]:80"], allowFrom: "172.17.0.0/16" }),
    );
    expect(directives(unit, "ListenStream")).toEqual(["172.17.0.1:18788", "[fd00::1]:80"]);
    expect(directives(unit, "IPAddressAllow")).toEqual(["localhost", "172.17.0.0/16"]);
    expect(directives(unit, "IPAddressDeny")).toEqual(["any"]);
  });

  it("allow the time of a long drain", () => {
    expect(directives(service(), "TimeoutStopSec")).toEqual(["15"]);
    expect(directives(service({ drain: "90s" }), "TimeoutStopSec")).toEqual(["100"]);
  });

  it("let the service reach a remote gateway: its address, or for a name any address", () => {
    expect(directives(before("wss://10.1.2.3:443"), "IPAddressAllow")).toEqual(["localhost", "10.1.2.3"]);
    expect(directives(before("wss://10.1.2.3:443"), "IPAddressDeny")).toEqual(["any"]);
    expect(directives(before("wss://gateway.example:443"), "IPAddressAllow")).toEqual([]);
    expect(directives(before("wss://gateway.example:443"), "IPAddressDeny")).toEqual([]);
  });

  it("let the service bind the port of --metrics-listen, and everybody reach it if it is not loopback", () => {
    const local = service({ metricsListen: "127.0.0.1:9464" });
    expect(directives(local, "SocketBindDeny")).toEqual(["any"]);
    expect(directives(local, "SocketBindAllow")).toEqual(["tcp:9464"]);
    expect(directives(local, "IPAddressDeny")).toEqual(["any"]);
    const open = service({ metricsListen: "0.0.0.0:9464" });
    expect(directives(open, "SocketBindAllow")).toEqual(["tcp:9464"]);
    expect(directives(open, "IPAddressDeny")).toEqual([]);
    expect(directives(service(), "SocketBindAllow")).toEqual([]);
  });
});

describe("text that a unit cannot hold unchanged", () => {
  it("is escaped: a percent sign begins a specifier, a dollar a variable, a space a word", () => {
    expect(startOf("/opt/100%/node", '/opt/a "b" $c\\d')).toBe(
      '/opt/100%%/node "/opt/a \\"b\\" $$c\\\\d" run',
    );
    expect(credentialDropIn("/etc/100%/token file")).toContain(
      "\nLoadCredential=openclaw-gateway-token:/etc/100%%/token file\n",
    );
  });

  it.each(["\n", "\r", "\u0000", "\u0085"])("is refused: %j", (character) => {
    const path = `/opt/a${character}ExecStartPre=/bin/evil`;
    expect(() => startOf("/usr/bin/node", path)).toThrow("line break or another control character");
    expect(() => startOf(path, BUNDLE)).toThrow("line break or another control character");
    expect(() => credentialDropIn(path)).toThrow("--token-file: contains a line break");
  });

  it("is refused: a dollar in the path of the program, which nothing escapes", () => {
    expect(() => startOf("/opt/$HOME/node", BUNDLE)).toThrow(
      "--node: systemd allows no $ in the path of a program",
    );
  });
});
