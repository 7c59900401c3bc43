// A probe that runs beside the shim, in its container or sandbox:
//   node health.mjs alive   exits 0 if the shim responds
//   node health.mjs ready   exits 0 if the shim reaches its gateway
import { get } from "node:http";

const [state = "ready"] = process.argv.slice(2);
// The listener of --metrics-listen if the environment has it, as in the image; a bare port means loopback.
const metrics = process.env.OPENCLAW_SHIM_METRICS_LISTEN?.replace(/^(?=\d+$)/, "127.0.0.1:");
const url = metrics ? `http://${metrics}/health` : "http://127.0.0.1:18788/__shim__/health";
// The shim's own limit for the gateway's response is five seconds.
const signal = AbortSignal.timeout(7_000);

const request = get(`${url}${state === "ready" ? "?gateway" : ""}`, { signal }, ({ statusCode }) =>
  process.exit(statusCode === 200 || (state === "alive" && statusCode === 503) ? 0 : 1),
);
request.on("error", ({ message }) => {
  console.error(`the shim does not respond at ${url}: ${message}`);
  process.exit(1);
});
