import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeHome, sectionOf, startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor } from "./run.ts";

const CONFIG = "openclaw.json";
const PAIRED = "devices/paired.json";
const SECRET = "s3kr3t-in-a-file";

/** Every file under a folder, with its content and when it was changed. */
function snapshot(folder: string): object {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, [readFileSync(path, "latin1"), statSync(path).ctimeMs]];
    }),
  );
}

describe("doctor, where OpenClaw's files are damaged,", () => {
  it.each([
    ["not JSON5", CONFIG, `{gateway: {auth: {token: "${SECRET}" x`, "is not JSON5"],
    ["another kind of value", CONFIG, `["${SECRET}"]`, "is not one JSON5 object in braces"],
    ["half-written", PAIRED, `{"a": {"deviceId": "${SECRET}", "tok`, "is damaged JSON at line 1"],
    ["empty", PAIRED, "", "is empty, so it is damaged"],
    ["another shape", "devices/pending.json", `"${SECRET}"`, "is not as OpenClaw writes it"],
    ["no identity", "identity/device.json", `{"deviceId": "${SECRET}"}`, "is not as OpenClaw writes it"],
    ["huge", PAIRED, `"${"x".repeat(4 * 1024 * 1024)}"`, "is larger than 4194304 bytes"],
  ])("names the one that is %s, shows nothing of it, and goes on", async (_what, name, text, why) => {
    const gateway = await startTestGateway();
    const home = makeHome(sectionOf(gateway), { [name]: text });
    const before = snapshot(home);

    const run = await runDoctor(name === CONFIG ? ["--gateway", gateway.url] : [], {
      HOME: home,
      OPENCLAW_GATEWAY_TOKEN: TOKEN,
    });

    expect(run).toMatchObject({ code: 1, local: true, left: [] });
    const [bad] = run.of("files");
    expect(bad?.finding).toContain(join(home, ".openclaw", name));
    expect(bad?.finding).toContain(why);
    expect(run.output).not.toContain(SECRET);
    expect(snapshot(home)).toEqual(before);
  });

  it("checks the default gateway if the config cannot be read", async () => {
    const home = makeHome({}, { [CONFIG]: "{" });

    const run = await runDoctor([], { HOME: home, OPENCLAW_GATEWAY_PORT: "2" });

    expect(run.of("files")[0]?.finding).toContain("is not JSON5 (line 1, column 2)");
    expect(run.of("gateway")[0]?.finding).toContain("no connection to a gateway at ws://127.0.0.1:2");
  });

  it("says what is wrong with the gateway's port, and goes on", async () => {
    const run = await runDoctor([], { HOME: makeHome({ port: "18789" }) });

    expect(run.of("files")[0]?.finding).toContain("gateway.port in");
    expect(run.of("files")[0]?.finding).toContain("ws://127.0.0.1:18789 was checked instead");
  });

  it("does not wait for a FIFO instead of a file", async () => {
    const home = makeHome({}, { "devices/pending.json": "{}" });
    const fifo = join(home, ".openclaw", "identity");
    execFileSync("mkdir", [fifo]);
    execFileSync("mkfifo", [join(fifo, "device.json")]);

    const run = await runDoctor(["--gateway", "ws://127.0.0.1:2"], { HOME: home });

    expect(run.of("files")[0]?.finding).toContain("device.json is not a regular file");
  });
});
