import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, property, shim, SOCKET, UNIT, startGateway } from "./act.ts";
import { Machine } from "./machine.ts";
import { DOWNLOADED, VERSION } from "./scripts.ts";

const AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];

let machine: Machine;
let before: string;

beforeAll(async () => {
  machine = await Machine.create();
  await machine.boot();
  before = await everyFile();
});
afterAll(() => machine?.close());

/** Lists every path in which an installation could leave a file. */
function everyFile(): Promise<string> {
  return machine.run([
    "find",
    "/etc",
    "/usr",
    "/opt",
    "/root",
    "/home",
    "/var/lib",
    "/run/systemd/system",
    "-xdev",
  ]);
}

describe("install --system on a running machine", () => {
  it("prints what it did, and that the gateway does not run yet", async () => {
    expect((await shim(machine, ["install", "--system", "--hold", "20s"])).split("\n")).toEqual([
      "wrote /usr/local/lib/openclaw-shim/openclaw-shim.mjs",
      "wrote /etc/openclaw-shim/environment",
      `wrote /etc/systemd/system/${SOCKET}`,
      `wrote /etc/systemd/system/${UNIT}`,
      "ran systemctl daemon-reload",
      `ran systemctl enable ${SOCKET} ${UNIT}`,
      `ran systemctl restart ${SOCKET} ${UNIT}`,
      "openclaw-shim responds at 127.0.0.1:18788; the gateway is not up (ECONNREFUSED)",
      "",
    ]);
  });

  it("stores the settings where only root reads them, not in the unit", async () => {
    const path = join(machine.root, "etc/openclaw-shim/environment");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toMatch(/^OPENCLAW_SHIM_HOLD=20s$/m);
    expect(await machine.run(["systemctl", "cat", UNIT, SOCKET])).not.toContain("20s");
  });

  it("a second time changes nothing, and restarts nothing", async () => {
    const pid = await property(machine, "MainPID");
    await startGateway(machine);
    expect(await shim(machine, ["install", "--system"])).toBe(
      "nothing to do: it is already installed like this\n" +
        "openclaw-shim responds at 127.0.0.1:18788; the gateway is up\n",
    );
    expect(await property(machine, "MainPID")).toBe(pid);
    expect(await connect(machine)).toMatchObject({ ok: true });
  });

  it("upgrades in place: a new program, the same port and settings", async () => {
    const port = await property(machine, "InvocationID", SOCKET);
    await machine.run(["sh", "-c", `echo '// a newer release' >> ${DOWNLOADED}`]);
    expect(await shim(machine, ["install", "--system"])).toBe(
      "wrote /usr/local/lib/openclaw-shim/openclaw-shim.mjs\n" +
        `ran systemctl restart ${UNIT}\n` +
        "openclaw-shim responds at 127.0.0.1:18788; the gateway is up\n",
    );
    expect(await property(machine, "InvocationID", SOCKET)).toBe(port);
    const environment = readFileSync(join(machine.root, "etc/openclaw-shim/environment"), "utf8");
    expect(environment).toContain("OPENCLAW_SHIM_HOLD=20s");
  });

  it("moves to another port and keeps earlier settings", async () => {
    const said = await shim(machine, ["install", "--system", "--listen", "127.0.0.1:28788"]);
    expect(said).toContain(
      `ran systemctl restart ${SOCKET} ${UNIT}\nopenclaw-shim responds at 127.0.0.1:28788`,
    );
    expect(await connect(machine, "ws://127.0.0.1:28788")).toMatchObject({ ok: true });
    expect(await connect(machine)).toMatchObject({
      ok: false,
      failure: expect.stringContaining("ECONNREFUSED") as unknown,
    });
  });

  it("runs again after the next boot", async () => {
    await machine.powerOff();
    await machine.boot();
    await startGateway(machine);
    expect(await connect(machine, "ws://127.0.0.1:28788")).toMatchObject({ ok: true });
  });
});

describe("install --system --metrics-listen", () => {
  it("lets the service bind that port, and peers that are not loopback reach it", async () => {
    await machine.run(["ip", "address", "add", "10.99.0.2/32", "dev", "lo"]);
    const scrape = "fetch('http://10.99.0.2:9464/metrics').then((r) => r.text()).then(console.log)";
    await shim(machine, ["install", "--system", "--metrics-listen", "0.0.0.0:9464"]);
    expect(await machine.run(["/usr/bin/node", "-e", scrape])).toContain("openclaw_shim_gateway_up 1");
    expect(await connect(machine, "ws://127.0.0.1:28788")).toMatchObject({ ok: true });
  });
});

describe("status", () => {
  it("prints what runs, where it listens, and the last outcomes", async () => {
    await connect(machine, "ws://127.0.0.1:28788");
    const pid = await property(machine, "MainPID");
    const said = (await shim(machine, ["status"])).split("\n");
    expect(said.slice(0, 4)).toEqual([
      `${UNIT} (system): active (running), pid ${pid}`,
      "  socket: active (running)",
      "  listens on: 127.0.0.1:28788",
      `  version: ${VERSION}`,
    ]);
    expect(said[4]).toMatch(/^ {2}the gateway is up since, at the latest, \d{4}-/);
    expect(said.slice(5)).toEqual(
      expect.arrayContaining([
        "  last outcomes, newest first:",
        expect.stringMatching(/^ {4}\d{4}-\S+Z connected: cli \S+ at 127\.0\.0\.1$/),
        "",
      ]),
    );
  });

  it("prints the same as JSON", async () => {
    expect(JSON.parse(await shim(machine, ["status", "--system", "--json"]))).toMatchObject({
      name: `${UNIT} (system)`,
      installed: true,
      running: true,
      enabled: true,
      listen: ["127.0.0.1:28788"],
      gateway: { reachable: true },
      outcomes: expect.arrayContaining([expect.objectContaining({ outcome: "connected" })]) as unknown,
    });
  });

  it("fails if the gateway is down, and does not start a stopped service", async () => {
    await machine.run(["systemctl", "stop", "openclaw-gateway"]);
    expect(await machine.attempt(["/usr/bin/node", DOWNLOADED, "status"])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("the gateway is not up (ECONNREFUSED)") as unknown,
    });
    await machine.run(["systemctl", "stop", UNIT]);
    expect(await machine.attempt(["/usr/bin/node", DOWNLOADED, "status"])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("inactive (dead)") as unknown,
    });
    expect(await property(machine, "ActiveState")).toBe("inactive");
  });
});

describe("run, where the service has the address", () => {
  it("names the service, does not start it, and prints the command that frees the address", async () => {
    const command = `systemctl stop ${SOCKET} ${UNIT}`;
    const where = ["--listen", "127.0.0.1:28788", "--gateway", "ws://127.0.0.1:18789"];
    const run = ["/usr/bin/node", DOWNLOADED, "run", ...where];
    expect(await machine.attempt(run)).toMatchObject({
      code: 1,
      stderr:
        `openclaw-shim: cannot start: 127.0.0.1:28788 is in use by the service ${UNIT} (system), systemd (pid 1); ` +
        `use that one, or stop it first: ${command}\n`,
    });
    // Another user cannot see whose socket it is.
    const { code, stderr } = await machine.attempt([...AS_NOBODY, ...run]);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`by the service ${UNIT} \\(system\\); .*: sudo ${command}\n$`));
    expect(await property(machine, "ActiveState")).toBe("inactive");
    await machine.run(command.split(" "));
    expect(await property(machine, "ActiveState", SOCKET)).toBe("inactive");
    expect(await property(machine, "ActiveState")).toBe("inactive");
  });
});

describe("uninstall --system", () => {
  it("removes everything", async () => {
    await machine.run(["systemctl", "start", UNIT]);
    const said = await shim(machine, ["uninstall", "--system"]);
    expect(said).toContain(`ran systemctl disable --now ${UNIT} ${SOCKET}`);
    expect(await everyFile()).toBe(before);
    expect(await property(machine, "LoadState")).toBe("not-found");
    expect(await property(machine, "LoadState", SOCKET)).toBe("not-found");
    expect(await machine.run(["systemctl", "list-units", "--all", "--no-legend", "openclaw-shim*"])).toBe("");
    expect(await connect(machine, "ws://127.0.0.1:28788")).toMatchObject({ ok: false });
  });

  it("a second time has nothing to do", async () => {
    expect(await shim(machine, ["uninstall", "--system"])).toBe("nothing to do: it is not installed\n");
    expect(await machine.attempt(["/usr/bin/node", DOWNLOADED, "status"])).toMatchObject({ code: 1 });
  });
});
