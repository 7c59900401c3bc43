import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SYSTEM, userPlaces } from "../../src/commands/service/places.ts";
import {
  credentialDropIn,
  serviceUnit,
  socketUnit,
  type UnitValues,
} from "../../src/commands/service/units.ts";
import { resolveOptions, type ShimOptions } from "../../src/settings/options.ts";

const FILES = join(import.meta.dirname, "../../systemd");

function system(options: ShimOptions = {}): UnitValues {
  return { places: SYSTEM, node: "/usr/bin/node", settings: resolveOptions(options) };
}

function directives(unit: string, name: string): string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}

/** The unit of a shim in front of a gateway elsewhere. */
function before(gateway: string): string {
  return serviceUnit(system({ gateway, allowRemoteGateway: true }));
}

/** ExecStart= for these paths. */
function startOf(node: string, bundle: string): string {
  const places = { ...SYSTEM, bundle };
  return directives(serviceUnit({ ...system(), node, places }), "ExecStart")[0] ?? "";
}

describe("units", () => {
  it("are the files in systemd/, to the letter, where nothing is set", () => {
    expect(serviceUnit(system())).toBe(readFileSync(join(FILES, "openclaw-shim.service"), "utf8"));
    expect(socketUnit(system())).toBe(readFileSync(join(FILES, "openclaw-shim.socket"), "utf8"));
  });

  it("of a user are those in systemd/user/, but for the paths", () => {
    const values: UnitValues = { ...system(), places: userPlaces("/home/alice", {}) };
    const file = readFileSync(join(FILES, "user/openclaw-shim.service"), "utf8");
    expect(serviceUnit(values)).toBe(
      file.replaceAll("%h", "/home/alice").replaceAll("%E", "/home/alice/.config"),
    );
    expect(socketUnit(values)).toBe(readFileSync(join(FILES, "user/openclaw-shim.socket"), "utf8"));
  });

  it("listen where --listen says, for whom --allow-from says", () => {
    const unit = socketUnit(
      system({ listen: ["172.17.0.1:18788", "[fd00::1]:80"], allowFrom: "172.17.0.0/16" }),
    );
    expect(directives(unit, "ListenStream")).toEqual(["172.17.0.1:18788", "[fd00::1]:80"]);
    expect(directives(unit, "IPAddressAllow")).toEqual(["localhost", "172.17.0.0/16"]);
    expect(directives(unit, "IPAddressDeny")).toEqual(["any"]);
  });

  it("give a long drain its time", () => {
    expect(directives(serviceUnit(system()), "TimeoutStopSec")).toEqual(["15"]);
    expect(directives(serviceUnit(system({ drain: "90s" })), "TimeoutStopSec")).toEqual(["100"]);
  });

  it("let the service reach a gateway elsewhere: its address, or for a name any", () => {
    expect(directives(before("wss://10.1.2.3:443"), "IPAddressAllow")).toEqual(["localhost", "10.1.2.3"]);
    expect(directives(before("wss://10.1.2.3:443"), "IPAddressDeny")).toEqual(["any"]);
    expect(directives(before("wss://gateway.example:443"), "IPAddressAllow")).toEqual([]);
    expect(directives(before("wss://gateway.example:443"), "IPAddressDeny")).toEqual([]);
  });
});

describe("what a unit cannot hold as it stands", () => {
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
    expect(() => startOf(path, SYSTEM.bundle)).toThrow("line break or another control character");
    expect(() => credentialDropIn(path)).toThrow("--token-file: holds a line break");
  });

  it("is refused: a dollar in the path of the program, where nothing escapes it", () => {
    expect(() => startOf("/opt/$HOME/node", SYSTEM.bundle)).toThrow("--node: the path of Node may hold no $");
  });
});
