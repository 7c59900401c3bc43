import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { startRecorder } from "../support/recorder.ts";
import { bundle, start, type Bundle, type RunningCommand } from "./bundle.ts";

const TOKEN = "token-of-the-gateway";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
  mkdirSync(join(command.folder, ".openclaw"));
  const config = JSON.stringify({ gateway: { auth: { mode: "token", token: TOKEN } } });
  writeFileSync(join(command.folder, ".openclaw", "openclaw.json"), config, { mode: 0o600 });
});
afterAll(() => command.remove());

function run(gateway: { readonly port: number }, ...args: readonly string[]): RunningCommand {
  const url = `ws://127.0.0.1:${gateway.port}`;
  const env = { OPENCLAW_GATEWAY_TOKEN: TOKEN };
  return start(command, ["run", "--listen", "127.0.0.1:0", "--gateway", url, ...args], env);
}

// SECURITY.md, "What a caller gets".
it("the shim sends no credential of its own, though its environment and openclaw.json have one", async () => {
  const gateway = await startRecorder(() => "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
  const shim = run(gateway);
  const port = Number(/127\.0\.0\.1:(\d+)"/.exec(await shim.line(/"event":"listening"/))?.[1]);
  const get = "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  for (const request of [upgradeRequest(), get])
    expect(await rawClient(port, request).closed()).toMatch(/^HTTP\/1\.1 401 /);
  expect(gateway.bytes()).toContain("GET /v1/models ");
  expect(gateway.bytes()).not.toContain(TOKEN);
  expect(gateway.bytes()).not.toMatch(/authorization/i);
});

it("with --approve seen it connects as an operator, with the gateway's token", async () => {
  const gateway = await startFakeGateway({ release: "2026.9.6", token: TOKEN });
  onTestFinished(() => gateway.close());
  const shim = run(gateway, "--approve", "seen");
  await shim.line(/"event":"approver\.up"/);
  expect(gateway.requests.some(({ url }) => url === "/")).toBe(true);
});
