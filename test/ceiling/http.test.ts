import { expect, it } from "vitest";
import { exchange } from "../support/recorder.ts";
import { startCeilingBench } from "./bench.ts";

it.each([
  ["POST", "/tools/invoke"],
  ["POST", "/v1/chat/completions"],
  ["GET", "/v1/models"],
  ["GET", "/sessions/main/history"],
  ["POST", "/sessions/main/kill"],
  ["POST", "/hooks/agent"],
  ["GET", "/api/channels/x"],
  ["POST", "/api/v1/admin/rpc"],
  ["GET", "/__openclaw__/cap/token/tools/invoke"],
  ["GET", "/chat/%2e%2e/v1/models"],
  ["GET", "/chat/../v1/models"],
  ["GET", "/assets/%2e%2e/v1/models"],
  ["GET", "//v1/models"],
  ["GET", "/assets//v1"],
  ["GET", "/\\v1/models"],
  ["GET", "/plugins/x"],
  ["POST", "/"],
  ["PUT", "/index.html"],
  ["OPTIONS", "/"],
])("refuses %s %s under a ceiling", async (method, path) => {
  const { gateway, shim } = await startCeilingBench("2026.9.6", ["operator.read"]);
  const seen = gateway.requests.length;
  const lines = [`${method} ${path} HTTP/1.1`, "Host: 127.0.0.1", "Authorization: Bearer t"];
  const response = await exchange(shim.port, lines);
  expect(response).toContain("HTTP/1.1 403 ");
  expect(response).toContain('"type":"scope_ceiling"');
  expect(gateway.requests.length).toBe(seen);
  expect(await shim.logged("request.denied")).toMatchObject({ reason: "scope_ceiling" });
});

it.each([
  "/",
  "/health",
  "/readyz",
  "/chat",
  "/chat/main/agent%3Amain",
  "/settings/plugins",
  "/assets/index-a1.js",
])("forwards GET %s under a ceiling, limited as a connection is", async (path) => {
  const { gateway, shim, scopeFields } = await startCeilingBench("2026.9.6", ["operator.read"]);
  await exchange(shim.port, [`GET ${path} HTTP/1.1`, "Host: 127.0.0.1", "Connection: close"]);
  expect(gateway.requests.filter(({ url }) => url === path)).toHaveLength(1);
  expect(scopeFields(path)).toEqual(["operator.read, operator.sessions.read"]);
});

it("forwards every route under a ceiling of operator.admin", async () => {
  const { gateway, shim } = await startCeilingBench("2026.9.6", ["operator.admin"]);
  await exchange(shim.port, ["POST /tools/invoke HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]);
  expect(gateway.requests.map(({ url }) => url)).toContain("/tools/invoke");
});
