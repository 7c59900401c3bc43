import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, journal, property, shim, SOCKET, UNIT, until, startGateway } from "./act.ts";
import { Machine, USER } from "./machine.ts";
import { DOWNLOADED } from "./scripts.ts";

const HOME = `/home/${USER.name}`;

let machine: Machine;
let before: string;

beforeAll(async () => {
  machine = await Machine.create();
  await machine.boot();
  await machine.run(["useradd", "--create-home", `--uid=${USER.id}`, USER.name]);
  // loginctl enable-linger does the same, but needs polkit.
  await machine.run([
    "sh",
    "-c",
    `mkdir -p /var/lib/systemd/linger && touch /var/lib/systemd/linger/${USER.name}`,
  ]);
  await machine.run(["systemctl", "start", `user@${USER.id}`]);
  await until(
    () => machine.attempt(["systemctl", "--user", "is-system-running"], "user"),
    ({ stdout }) => stdout === "running\n",
  );
  await startGateway(machine);
  before = await machine.run(["find", HOME]);
});
afterAll(() => machine?.close());

describe("install, as a user", () => {
  it("runs as a user service, through which a client connects", async () => {
    const said = await shim(machine, ["install", "--hold", "20s"], "user");
    expect(said).toContain(`wrote ${HOME}/.config/systemd/user/${UNIT}\n`);
    expect(said).toContain("openclaw-shim responds at 127.0.0.1:18788; the gateway is up\n");
    expect(await connect(machine)).toMatchObject({ ok: true });
    const environment = join(machine.root, HOME, ".config/openclaw-shim/environment");
    expect(statSync(environment).mode & 0o777).toBe(0o600);
    expect(readFileSync(environment, "utf8")).toContain("OPENCLAW_SHIM_HOLD=20s");
  });

  it("logs lines that the journal returns as JSON", async () => {
    const lines = await until(
      () => journal(machine, "user"),
      (found) => found.some((line) => line.includes("pairing.outcome")),
    );
    expect(lines.map((line) => (JSON.parse(line) as { readonly event: string }).event)).toContain(
      "listening",
    );
  });

  it("restarts after SIGKILL", async () => {
    const pid = await property(machine, "MainPID", UNIT, "user");
    await machine.run(["systemctl", "--user", "kill", "--signal=KILL", UNIT], "user");
    expect(await connect(machine)).toMatchObject({ ok: true });
    expect(await property(machine, "MainPID", UNIT, "user")).not.toBe(pid);
  });

  it("has the part of the sandbox that needs no privilege", async () => {
    const pid = await property(machine, "MainPID", UNIT, "user");
    const status = await machine.run(["cat", `/proc/${pid}/status`]);
    expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
    expect(status).toMatch(/^Seccomp:\s*2$/m);
    expect(status).toMatch(new RegExp(`^Uid:\\s*${USER.id}\\s`, "m"));
    expect(await machine.run(["cat", `/proc/${pid}/limits`])).toMatch(/^Max core file size\s+0\s+0\s/m);
  });

  it("runs from paths and with settings that need every kind of quoting", async () => {
    const data = `${HOME}/my "data" 100% $HOME`;
    const config = `${HOME}/it's #1 100% $x.json5`;
    await machine.run(["sh", "-c", 'echo "{ hold: \'7s\' }" > "$1"', "sh", config], "user");
    const install = ["/usr/bin/node", DOWNLOADED, "install", "--config", config];
    await machine.run(["env", `XDG_DATA_HOME=${data}`, ...install], "user");
    const pid = await property(machine, "MainPID", UNIT, "user");
    const split = async (file: string): Promise<string[]> => (await machine.run(["cat", file])).split("\0");
    expect(await split(`/proc/${pid}/cmdline`)).toContain(`${data}/openclaw-shim/openclaw-shim.mjs`);
    expect(await split(`/proc/${pid}/environ`)).toContain(`OPENCLAW_SHIM_CONFIG=${config}`);
    expect(await connect(machine)).toMatchObject({ ok: true });
    await machine.run(["rm", "-r", data, config]);
    await machine.run(["sed", "-i", "/OPENCLAW_SHIM_CONFIG/d", `${HOME}/.config/openclaw-shim/environment`]);
    await shim(machine, ["install"], "user");
  });

  it("passes systemd-analyze verify", async () => {
    const files = [UNIT, SOCKET].map((unit) => `${HOME}/.config/systemd/user/${unit}`);
    const said = await machine.attempt(["systemd-analyze", "--user", "verify", ...files], "user");
    expect(said).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("starts at boot if lingering is on", async () => {
    await machine.powerOff();
    await machine.boot();
    await startGateway(machine);
    expect(
      await until(
        () => connect(machine),
        ({ ok }) => ok,
      ),
    ).toMatchObject({ ok: true });
    expect(await shim(machine, ["status"], "user")).toContain(`${UNIT} (user): active (running)`);
  });

  it("warns if lingering is off", async () => {
    await machine.run(["rm", `/var/lib/systemd/linger/${USER.name}`]);
    const said = await machine.run(["sh", "-c", `/usr/bin/node ${DOWNLOADED} install 2>&1`], "user");
    expect(said).toContain("warning: lingering is off");
  });

  it("uninstall removes everything", async () => {
    await shim(machine, ["uninstall"], "user");
    const after = await machine.run(["find", HOME]);
    const left = after.split("\n").filter((path) => !before.includes(path));
    expect(
      left.filter((path) => !/\/\.(config|local)(\/(share|systemd|systemd\/user|state))?$/.test(path)),
    ).toEqual([]);
    expect(await property(machine, "LoadState", UNIT, "user")).toBe("not-found");
  });
});
