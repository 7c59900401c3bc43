import { EventEmitter, once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRawServer } from "../support/raw.ts";
import { bundle, start, type Bundle } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

const RUN = ["run", "--listen", "127.0.0.1:0", "--gateway", "ws://127.0.0.1:9"];

describe("exit code", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "0 after %s, drained and with its last lines out",
    async (signal) => {
      const shim = start(command, RUN);
      await shim.line(/"event":"listening"/);
      shim.signal(signal);
      expect(await shim.exit).toBe(0);
      expect(shim.stdout.at(-2)).toContain('"event":"draining"');
      expect(shim.stdout.at(-1)).toContain('"event":"stopped"');
      expect(shim.stderr).toEqual([]);
    },
  );

  it("2 for bad settings, each problem one line", async () => {
    const shim = start(command, ["--hold", "soon", "--token", "sekrit"], {
      OPENCLAW_SHIM_LISTEN: "0.0.0.0:1",
    });
    expect(await shim.exit).toBe(2);
    expect(shim.stdout).toEqual([]);
    expect(
      shim.stderr.map((line) => line.split(":", 2).join(":")).sort((a, b) => a.localeCompare(b)),
    ).toEqual(["openclaw-shim: --hold", "openclaw-shim: --token", "openclaw-shim: OPENCLAW_SHIM_LISTEN"]);
    expect(shim.stderr.join("\n")).not.toContain("sekrit");
  });

  it("2 for an unknown command", async () => {
    const shim = start(command, ["runn"]);
    expect(await shim.exit).toBe(2);
    expect(shim.stderr).toEqual(['openclaw-shim: "runn": no such command; did you mean run?']);
  });
});

describe("signals", () => {
  it("a second one ends the drain at once", async () => {
    const answering = new EventEmitter();
    const gateway = await startRawServer((socket) => socket.on("data", () => answering.emit("asked")));
    const { port } = gateway;
    const args = ["run", "--listen", "127.0.0.1:0", "--drain", "10m", "--gateway", `ws://127.0.0.1:${port}`];
    const shim = start(command, args);
    const listening: unknown = JSON.parse(await shim.line(/"event":"listening"/));
    expect(listening).toMatchObject({ addresses: [expect.stringMatching(/^127\.0\.0\.1:\d+$/)] });
    const [, own] = /127\.0\.0\.1:(\d+)/.exec(JSON.stringify(listening)) ?? [];
    // The gateway never answers, so this request is open for as long as the drain lasts.
    const asked = once(answering, "asked");
    const open = fetch(`http://127.0.0.1:${own}/`).catch(() => "ended");
    await asked;
    shim.signal("SIGTERM");
    await shim.line(/"event":"draining"/);
    shim.signal("SIGTERM");
    expect(await shim.exit).toBe(0);
    expect(shim.stdout.at(-1)).toContain('"event":"draining"');
    expect(await open).toBe("ended");
    await gateway.close();
  });
});
