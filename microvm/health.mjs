// A probe that runs beside the shim, in its network namespace: /__shim__/ answers loopback names only.
//   node health.mjs alive   exit 0 where the shim answers
//   node health.mjs ready   exit 0 where it reaches its gateway, too
import { get } from "node:http";

const [what = "ready", port = "18788"] = process.argv.slice(2);
// The shim gives the gateway five seconds.
const timeout = 7_000;

const request = get(
  { host: "127.0.0.1", port, path: "/__shim__/health", signal: AbortSignal.timeout(timeout) },
  ({ statusCode }) => process.exit(statusCode === 200 || (what === "alive" && statusCode === 503) ? 0 : 1),
);
request.on("error", ({ message }) => {
  console.error(`the shim does not answer: ${message}`);
  process.exit(1);
});
