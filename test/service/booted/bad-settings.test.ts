import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { client, connect, journal, property, shim, SOCKET, UNIT, until, startGateway } from "./act.ts";
import { Machine } from "./machine.ts";
import { DOWNLOADED } from "./scripts.ts";

let machine: Machine;
let environment: string;

beforeAll(async () => {
  machine = await Machine.create();
  await machine.boot();
  await startGateway(machine);
  await shim(machine, ["install", "--system"]);
  environment = join(machine.root, "etc/openclaw-shim/environment");
});
afterAll(() => machine?.close());

it("with a bad setting the service stops after one clear line, even if clients wait", async () => {
  const good = readFileSync(environment, "utf8");
  const load = client(machine, "load");
  load.write("1");
  await load.next();
  appendFileSync(environment, "OPENCLAW_SHIM_HOLD=banana\n");
  await machine.run(["systemctl", "restart", UNIT]);
  await until(
    () => property(machine, "ActiveState", SOCKET),
    (state) => state === "inactive",
  );
  load.end();
  await load.next();
  expect(await property(machine, "ActiveState")).toBe("failed");
  expect(await property(machine, "NRestarts")).toBe("0");
  const complaints = (await journal(machine)).filter((line) => line.startsWith("openclaw-shim:"));
  expect(complaints).toEqual([
    expect.stringMatching(/^openclaw-shim: OPENCLAW_SHIM_HOLD: "banana" is not a duration; write /),
  ]);
  const { code, stdout } = await machine.attempt(["/usr/bin/node", DOWNLOADED, "status", "--system"]);
  expect(code).toBe(1);
  expect(stdout).toContain(`${UNIT} (system): failed (failed), exit-code\n  last error: ${complaints[0]}\n`);

  writeFileSync(environment, good);
  await machine.run(["systemctl", "start", UNIT]);
  expect(await connect(machine)).toMatchObject({ ok: true });
});

it("a socket beyond loopback without --allow-from does not start", async () => {
  const folder = `/etc/systemd/system/${SOCKET}.d`;
  await machine.run(["mkdir", folder]);
  writeFileSync(join(machine.root, folder, "open.conf"), "[Socket]\nListenStream=0.0.0.0:28788\n");
  await machine.run(["systemctl", "daemon-reload"]);
  await machine.run(["systemctl", "restart", SOCKET, UNIT]);
  await until(
    () => property(machine, "ActiveState"),
    (state) => state === "failed",
  );
  expect((await journal(machine)).at(-1)).toMatch(
    /^openclaw-shim: socket 5, .*0\.0\.0\.0 is not a loopback address/,
  );
  await machine.run(["rm", "-r", join(folder)]);
  await machine.run(["systemctl", "daemon-reload"]);
});

it("a program that crashes at once is restarted without limit, and the port works again after a fix", async () => {
  const bundle = "/usr/local/lib/openclaw-shim/openclaw-shim.mjs";
  await machine.run(["sh", "-c", `mv ${bundle} ${bundle}.good && echo 'process.exit(1)' > ${bundle}`]);
  const waiting = client(machine, "load");
  await machine.run(["systemctl", "restart", UNIT]);
  await until(
    () => property(machine, "NRestarts"),
    (restarts) => Number(restarts) >= 5,
  );
  waiting.end();
  await machine.run(["mv", `${bundle}.good`, bundle]);
  const { ok } = await until(
    () => connect(machine),
    (result) => result.ok,
  );
  expect(ok).toBe(true);
});

it("uninstall of the failed unit removes its state, the approver's key included", async () => {
  const key = "/var/lib/private/openclaw-shim/device.pem";
  await machine.run([
    "sh",
    "-c",
    `echo key > ${key} && echo OPENCLAW_SHIM_HOLD=banana >> /etc/openclaw-shim/environment`,
  ]);
  await machine.run(["systemctl", "restart", UNIT]);
  await until(
    () => property(machine, "ActiveState"),
    (state) => state === "failed",
  );
  expect(await shim(machine, ["uninstall", "--system"])).toContain(
    `ran systemctl clean --what=state ${UNIT}\n`,
  );
  expect(await machine.run(["find", "/var/lib", "-name", "openclaw-shim*"])).toBe("");
  expect(await property(machine, "LoadState")).toBe("not-found");
});
