// A probe that runs in the shim's network namespace: /__shim__/ accepts loopback names only.
//   node health.mjs alive   exits 0 if the shim responds
//   node health.mjs ready   exits 0 if the shim reaches its gateway
import { get } from "node:http";

const [state = "ready", port = "18788"] = process.argv.slice(2);
// The shim's own limit for the gateway's response is five seconds.
const timeout = 7_000;

const request = get(
  { host: "127.0.0.1", port, path: "/__shim__/health", signal: AbortSignal.timeout(timeout) },
  ({ statusCode }) => process.exit(statusCode === 200 || (state === "alive" && statusCode === 503) ? 0 : 1),
);
request.on("error", ({ message }) => {
  console.error(`the shim does not respond: ${message}`);
  process.exit(1);
});
