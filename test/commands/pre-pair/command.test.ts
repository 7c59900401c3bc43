import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundle, start, type Bundle } from "../bundle.ts";
import { freePort, startRawServer } from "../../support/raw.ts";
import { parse, put, read, snapshot } from "./state.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in a home of its own, with a gateway port without a listener. */
async function prePair(home: string, ...args: readonly string[]): Promise<Ended> {
  const gateway = `ws://127.0.0.1:${await freePort()}`;
  const run = start(command, ["pre-pair", "--gateway", gateway, ...args], { HOME: home });
  const code = await run.exit;
  return { code, stdout: run.stdout.join("\n"), stderr: run.stderr.join("\n") };
}

function makeHome(): string {
  const home = mkdtempSync(join(tmpdir(), "shim-pre-pair-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  return home;
}

function stored(home: string): { readonly identity: string; readonly paired: string } {
  const text = (name: string): string => readFileSync(join(home, ".openclaw", name), "utf8");
  return { identity: text("identity/device.json"), paired: text("devices/paired.json") };
}

const FIVE = ["admin", "approvals", "pairing", "read", "write"].map((scope) => `operator.${scope}`);

describe("openclaw-shim pre-pair", () => {
  it("prepares ~/.openclaw for an operator with the five scopes, and reports what it wrote", async () => {
    const home = makeHome();

    const { code, stdout, stderr } = await prePair(home);

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { deviceId } = parse(stored(home).identity);
    expect(stdout.split("\n")).toEqual([
      `device       ${String(deviceId)} (new)`,
      "roles        operator (entry created)",
      `scopes       ${FIVE.join(" ")}`,
      "requests     none pending",
      expect.stringMatching(/^wrote {8}\S+\/identity\/device\.json \S+\/devices\/paired\.json$/),
      "next         now start the gateway",
    ]);
  });

  it("reports the second time that nothing had to be written", async () => {
    const home = makeHome();
    await prePair(home);
    const before = snapshot(home);

    const { code, stdout } = await prePair(home);

    expect(code).toBe(0);
    expect(stdout).toMatch(
      /\(unchanged\)\nroles {8}operator \(entry unchanged\)[^]*\nwrote {8}nothing: everything is in place\nnext /,
    );
    expect(snapshot(home)).toEqual(before);
  });

  it("warns that an entry keeps more than was requested, and how to take that away", async () => {
    const home = makeHome();
    await prePair(home);
    const [entry = "?"] = Object.keys(parse(stored(home).paired));

    const { code, stdout, stderr } = await prePair(home, "--scope", "operator.read");

    expect(code).toBe(0);
    expect(stdout).toContain(`scopes       ${FIVE.join(" ")}\n`);
    expect(stderr).toMatch(
      /^openclaw-shim: warning: the device was paired before and keeps more than you requested: [^\n]+$/,
    );
    expect(stderr).toContain(`: ${FIVE.filter((scope) => scope !== "operator.read").join(", ")}; `);
    expect(stderr).toContain(`remove the entry ${entry} from ${join(home, ".openclaw/devices/paired.json")}`);
    expect((await prePair(home, ...FIVE.flatMap((scope) => ["--scope", scope]))).stderr).toBe("");
  });

  it("warns of a scope that OpenClaw is not known to have, and accepts it", async () => {
    const { code, stdout, stderr } = await prePair(makeHome(), "--scope", "operator.raed", "--json");

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ scopes: ["operator.raed"] });
    expect(stderr).toBe(
      'openclaw-shim: warning: --scope: "operator.raed" is not a known scope of OpenClaw, so it may grant ' +
        `nothing; did you mean operator.read? known are ${FIVE.join(", ")}`,
    );
  });

  it("never prints the private key or the token", async () => {
    const home = makeHome();

    const runs = [
      await prePair(home),
      await prePair(home, "--json"),
      await prePair(home, "--dry-run", "--json"),
    ];

    const { identity, paired } = stored(home);
    const [, key = "?"] = /PRIVATE KEY-----\\n(.+?)\\n/.exec(identity) ?? [];
    const [, token = "?"] = /"token": "(.+?)"/.exec(paired) ?? [];
    const printed = runs.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    expect(key.length).toBeGreaterThan(60);
    expect(token).toHaveLength(43);
    expect(printed).not.toContain(key);
    expect(printed).not.toContain(token);
    expect(printed).not.toContain("PRIVATE");
  });

  it("uses the given state directory, roles, scopes and name", async () => {
    const home = makeHome();
    const stateDir = join(home, "state");
    const flags = [
      "--role",
      "operator",
      "--role",
      "node",
      "--scope",
      "operator.read",
      "--scope",
      "operator.write",
    ];

    const { code, stdout } = await prePair(
      home,
      "--state-dir",
      stateDir,
      ...flags,
      "--display-name",
      "CI",
      "--json",
    );

    expect(code).toBe(0);
    const report = parse(stdout);
    expect(report).toMatchObject({
      stateDir,
      identity: "created",
      paired: "created",
      roles: ["operator", "node"],
      scopes: ["operator.read", "operator.write"],
      removedRequests: [],
      written: ["identity/device.json", "devices/paired.json"],
      dryRun: false,
    });
    const paired = read(stateDir, "devices/paired.json");
    expect(paired[String(report["deviceId"])]).toMatchObject({ displayName: "CI" });
    expect(existsSync(join(home, ".openclaw"))).toBe(false);
  });

  it("requests no scopes for a node", async () => {
    const { stdout } = await prePair(makeHome(), "--role", "node", "--json");

    expect(JSON.parse(stdout)).toMatchObject({ roles: ["node"], scopes: [] });
  });

  it("writes nothing with --dry-run", async () => {
    const home = makeHome();

    const { code, stdout } = await prePair(home, "--dry-run");

    expect(code).toBe(0);
    expect(stdout).toMatch(/^device {7}not created yet \(new\)[^]*^would write /m);
    expect(stdout).toMatch(/^next {9}run it without --dry-run, then start the gateway$/m);
    expect(snapshot(home)).toEqual({});
  });

  it("exits with 1 and one line if it cannot be done", async () => {
    const home = makeHome();
    put(join(home, ".openclaw"), "devices/paired.json", '{"a":1,}');

    const { code, stdout, stderr } = await prePair(home);

    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^openclaw-shim: .*paired\.json is damaged JSON at line 1, column 8; fix it, [^\n]*$/,
    );
  });

  it("exits with 2 and names each bad flag", async () => {
    const home = makeHome();

    const { code, stderr } = await prePair(
      home,
      "--role",
      "operater",
      "--scope",
      "A b",
      "--display-name",
      "a\u202eb",
    );

    expect(code).toBe(2);
    expect(stderr.split("\n")).toEqual([
      'openclaw-shim: --role: "operater" is not one of operator, node',
      expect.stringContaining('--scope: "A b" is not the name of a role or scope'),
      'openclaw-shim: --display-name: "a?b" is not a text of at most 80 printable characters',
    ]);
    expect(snapshot(home)).toEqual({});
  });

  it("does not grant a scope of a role that was not requested", async () => {
    const { code, stderr } = await prePair(makeHome(), "--role", "node", "--scope", "operator.admin");

    expect(code).toBe(2);
    expect(stderr).toContain('--scope: "operator.admin" belongs to none of the requested roles: node');
  });

  it("looks for the running gateway at the port in the state directory's config", async () => {
    const home = makeHome();
    const server = await startRawServer();
    onTestFinished(() => server.close());
    put(join(home, "state"), "openclaw.json", `{gateway: {port: ${server.port}}} // JSON5`);

    const run = start(command, ["pre-pair", "--state-dir", join(home, "state")], { HOME: home });

    expect(await run.exit).toBe(1);
    expect(run.stderr.join("\n")).toContain(`a program listens on 127.0.0.1 port ${server.port}`);
  });
});
