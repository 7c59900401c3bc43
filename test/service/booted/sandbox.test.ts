import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shim } from "./act.ts";
import type { Found } from "./inside/probe.ts";
import { Machine } from "./machine.ts";
import { PROBE } from "./scripts.ts";

const UNITS = "/etc/systemd/system";
const UNIT = "openclaw-shim.service";
const EPERM = "errno 1";
const ENOENT = "errno 2";
const EFAULT = "errno 14";
const EINVAL = "errno 22";
const EAFNOSUPPORT = "errno 97";
const NONE = "0000000000000000";
const START = `ExecStart=/usr/bin/node ${PROBE}`;
/** linux/capability.h. */
const CAP_SYS_RAWIO = 17n;
const CAP_MKNOD = 27n;

let machine: Machine;
let unit: string;
/** In the unit as shipped. */
let service: Found;
/** In the unit as root, with every capability and system call: what holds then, one directive holds alone. */
let root: Found;
/** In a unit without sandbox. */
let outside: Found;

beforeAll(async () => {
  machine = await Machine.create();
  for (const folder of ["var/writable", "usr/writable", "home/alice", "usr/lib/modules/marker"]) {
    mkdirSync(join(machine.root, folder), { recursive: true });
  }
  await machine.boot();
  const marks = "chmod 777 /var/writable /usr/writable && touch /tmp/marker /var/tmp/marker /dev/marker";
  await machine.run(["sh", "-c", marks]);
  await machine.run(["ip", "address", "add", "10.99.0.1/32", "dev", "lo"]);
  await shim(machine, ["install", "--system"]);
  unit = readFileSync(join(machine.root, UNITS, UNIT), "utf8");
  const copy = unit
    .replace(/^Requires=.*\n/m, "")
    .replace(/^Type=.*/m, "Type=oneshot")
    .replace(/^ExecStart=.*/m, START)
    .replace(/^Restart=.*/m, "Restart=no");
  service = await probe("probe-service", copy);
  const lifted =
    "DynamicUser=no\nUser=root\nPrivateUsers=no\nCapabilityBoundingSet=~\nSystemCallFilter=\n[Install]";
  root = await probe("probe-root", copy.replace("[Install]", lifted));
  outside = await probe("probe-outside", `[Service]\nType=oneshot\n${START}\n`);
});
afterAll(() => machine?.close());

/** Runs the probe as a unit. */
async function probe(name: string, text: string): Promise<Found> {
  const ownState = text.replace(/^StateDirectory=.*/m, `StateDirectory=${name}`);
  writeFileSync(join(machine.root, UNITS, `${name}.service`), ownState);
  await machine.run(["systemctl", "daemon-reload"]);
  await machine.run(["systemctl", "start", name]);
  await machine.run(["journalctl", "--sync"]);
  return JSON.parse(
    await machine.run(["journalctl", "--output=cat", `--unit=${name}`, "--grep=^{"]),
  ) as Found;
}

function has({ boundingSet }: Found, bit: bigint): boolean {
  return ((BigInt(`0x${boundingSet}`) >> bit) & 1n) === 1n;
}

/** Directive, what the probe tried, and the result in the unit, in the unit as root, and without a sandbox. */
const TRIED = [
  ["PrivateUsers", "users", 2, 1, 1],
  ["NoNewPrivileges", "noNewPrivileges", "1", "1", "0"],
  ["AmbientCapabilities", "ambientSet", NONE, NONE, NONE],
  ["UMask", "umask", "77", "77", "22"],
  ["StateDirectory", "writeState", "ok", "ok", "not there"],
  ["ProtectSystem", "writeVar", "EROFS", "EROFS", "ok"],
  ["ProtectSystem", "writeUsr", "EROFS", "EROFS", "ok"],
  ["ProtectHome", "home", "EACCES", "ENOENT", "ok"],
  ["PrivateTmp", "writeTmp", "ok", "ok", "ok"],
  ["PrivateTmp", "tmpMarker", false, false, true],
  ["PrivateTmp", "varTmpMarker", false, false, true],
  ["PrivateDevices", "devMarker", false, false, true],
  ["ProcSubset", "procFiles", false, false, true],
  ["LimitCORE", "coreLimit", "0", "0", "unlimited"],
  ["RestrictAddressFamilies", "netlink", EAFNOSUPPORT, EAFNOSUPPORT, "ok"],
  ["RestrictAddressFamilies", "inet", "ok", "ok", "ok"],
  ["IPAddressDeny", "otherAddress", "timeout", "timeout", "ECONNREFUSED"],
  ["IPAddressAllow", "loopback", "ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED"],
  ["ProtectHostname", "hostname", EPERM, EPERM, EINVAL],
  ["ProtectClock", "clock", EPERM, EPERM, EFAULT],
  ["ProtectKernelTunables", "tunables", true, true, false],
  ["ProtectKernelModules", "modules", "EACCES", "ENOENT", "ok"],
  ["ProtectKernelLogs", "kernelLog", EPERM, EPERM, EINVAL],
  ["ProtectControlGroups", "writeControlGroup", "EACCES", "EROFS", "ok"],
  ["ProtectControlGroups, ProcSubset", "readControlGroup", "ok", "ok", "ok"],
  ["RestrictNamespaces", "namespace", EPERM, EPERM, "ok"],
  ["RestrictRealtime", "realtime", EPERM, EPERM, "ok"],
  ["RestrictSUIDSGID", "suid", "EPERM", "EPERM", "ok"],
  ["LockPersonality", "personality", EPERM, EPERM, "ok"],
  ["SystemCallArchitectures", "program32", "SIGSYS", "SIGSYS", "exit 42"],
  ["SystemCallFilter", "priority", "EPERM", "ok", "ok"],
  ["SystemCallErrorNumber", "mount", EPERM, ENOENT, ENOENT],
] as const;

/** What the kernel has to be trusted with, or has no means for here: only that systemd took it. */
const SHOWN = [
  ["RemoveIPC", "yes"],
  ["MemoryMax", String(256 * 1024 * 1024)],
  ["TasksMax", "64"],
] as const;

describe("the sandbox of the system service", () => {
  it.each(TRIED)("%s, tried from inside: %s", (_directive, what, ...expected) => {
    expect([service[what], root[what], outside[what]]).toEqual(expected);
  });

  it("CapabilityBoundingSet: no capability, permanently", () => {
    expect(service.boundingSet).toBe(NONE);
  });

  it("PrivateDevices takes the capabilities that devices need even from root", () => {
    for (const bit of [CAP_SYS_RAWIO, CAP_MKNOD])
      expect([has(root, bit), has(outside, bit)]).toEqual([false, true]);
  });

  it("DynamicUser: a user without an entry in /etc/passwd", () => {
    expect(service.uid).toBeGreaterThanOrEqual(61_184);
    expect(service.uid).toBeLessThanOrEqual(65_519);
  });

  it("ProtectProc: sees only its own processes", () => {
    expect(outside.processes).toContain(1);
    expect(service.processes).not.toContain(1);
    expect(service.processes).toHaveLength(1);
  });

  it("PrivateIPC, ProtectHostname: namespaces of its own", () => {
    expect(service.ipc).not.toBe(outside.ipc);
    expect(service.uts).not.toBe(outside.uts);
  });

  it("SocketBindDeny: cannot bind a port, if systemd can forbid it", async () => {
    const canForbid = (await machine.run(["systemctl", "--version"])).includes("+BPF_FRAMEWORK");
    const expected = canForbid ? "EPERM" : "ok";
    expect([service.bind, root.bind, outside.bind]).toEqual([expected, expected, "ok"]);
  });

  it("StateDirectoryMode: no other user reads its state", async () => {
    expect(await machine.run(["stat", "--format=%a", "/var/lib/private/openclaw-shim"])).toBe("700\n");
  });

  it.each(SHOWN)("%s is %s", async (property, value) => {
    expect(await machine.run(["systemctl", "show", "--value", `--property=${property}`, UNIT])).toBe(
      `${value}\n`,
    );
  });

  it("has no directive without a test", () => {
    const sandbox = unit.slice(unit.indexOf("DynamicUser="), unit.indexOf("[Install]"));
    const directives = [...sandbox.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    const seen = new Set<string | undefined>([...TRIED, ...SHOWN].map(([directive]) => directive));
    for (const name of ["DynamicUser", "CapabilityBoundingSet", "ProtectProc", "PrivateIPC"]) seen.add(name);
    for (const name of ["SocketBindDeny", "StateDirectoryMode"]) seen.add(name);
    expect(directives.filter((name) => !seen.has(name))).toEqual([]);
    expect(directives.length).toBeGreaterThan(30);
  });
});

describe("systemd-analyze", () => {
  it("accepts the units without a complaint", async () => {
    const said = await machine.attempt([
      "systemd-analyze",
      "verify",
      `${UNITS}/${UNIT}`,
      `${UNITS}/openclaw-shim.socket`,
    ]);
    expect(said).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("gives an exposure of at most 1.5", async () => {
    const report = await machine.run(["systemd-analyze", "security", "--no-pager", UNIT]);
    const [, exposure] = /Overall exposure level for \S+: (\d+\.\d)/.exec(report) ?? [];
    expect(Number(exposure)).toBeLessThanOrEqual(1.5);
  });
});
