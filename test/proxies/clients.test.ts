import { expect, it, onTestFinished } from "vitest";
import { createDevice } from "../../src/openclaw/device.ts";
import { GatewayRequestError } from "../../src/openclaw/gateway-session.ts";
import { fieldsOf } from "../../src/text/json.ts";
import { runCli } from "../gateway/cli.ts";
import { startGateway, type Gateway } from "../gateway/gateway.ts";
import { createHome } from "../gateway/home.ts";
import { resultText } from "../gateway/matrix/attempt.ts";
import { CLIENTS, type Page } from "../gateway/matrix/clients.ts";
import { pageBuild, pairedDevices } from "../gateway/matrix/run.ts";
import { installOpenClaw } from "../gateway/openclaw.ts";
import { chosenVersions } from "../gateway/releases.ts";
import { startShimProcess } from "../gateway/shim-process.ts";
import { handshake } from "../support/client.ts";
import { connectOperator } from "../support/operator.ts";
import { HOST, PROXIES } from "./proxies.ts";
import { unlikeRecorded, updateClients, type Clients } from "./record.ts";

const SHOWN = CLIENTS.filter(({ name }) => name !== "macOS app");
const MESSAGE_BYTES = 25_000_000;
const MESSAGE_MS = 60_000;
/** Two gateways' start, and two runs of the CLI for each proxy. */
const DEADLINE_MS = 480_000;

it.each(chosenVersions())(
  "docs/compatibility.md says what clients of openclaw %s get behind each proxy",
  async (version) => {
    const gateway = await startGateway(await installOpenClaw(version));
    onTestFinished(() => gateway.close());
    const shim = await startShimProcess(gateway.url, [
      "--allow-host",
      HOST,
      "--allow-origin",
      `http://${HOST}`,
    ]);
    onTestFinished(() => shim.close());
    const buildId = await pageBuild(gateway);

    const seen: Clients[] = [];
    for (const { name, start, host } of PROXIES) {
      const ports = [await start(gateway.port, "fixed"), await start(shim.port, "fixed")];
      const columns: string[][] = [];
      for (const port of ports) {
        const page = { origin: `http://${host(port)}`, buildId };
        columns.push(await connectClients(gateway, port, host(port), page));
      }
      const commands = await Promise.all(ports.map((port) => runCommand(gateway, port)));
      for (const [at, column] of columns.entries()) column.unshift(commands[at] ?? "");
      const [without = [], through = []] = columns;
      seen.push({
        proxy: name,
        cells: without.map((cell, at) => `${cell} → ${through[at]}`),
        message: await sendBig(gateway, ports[1] ?? 0, host(ports[1] ?? 0)),
      });
    }
    if (process.env["UPDATE"] === "1") updateClients(version, seen);

    for (const { proxy, cells } of seen)
      for (const cell of cells) expect(cell, proxy).toMatch(/ → (?:ok|paired)$/);
    expect(unlikeRecorded(version, seen)).toEqual([]);
  },
  DEADLINE_MS,
);

/** Connects each client but the CLI with a new device. Returns their results. */
async function connectClients(gateway: Gateway, port: number, host: string, page: Page): Promise<string[]> {
  const { token } = gateway;
  const attempts = await Promise.all(
    SHOWN.filter(({ name }) => name !== "CLI").map(async ({ connect }) => {
      const device = createDevice();
      const url = `ws://127.0.0.1:${port}`;
      const result = await handshake({ url, token, device, headers: { Host: host }, ...connect(page) });
      return { result, deviceId: device.id };
    }),
  );
  const operator = await connectOperator(gateway.url, token);
  const paired = new Set(await pairedDevices(operator));
  await operator.close();
  return attempts.map((attempt) => resultText(attempt, paired));
}

/** Runs OpenClaw's CLI in a new home. */
async function runCommand({ openclaw, token }: Gateway, port: number): Promise<string> {
  const home = await createHome();
  onTestFinished(() => home.remove());
  const args = ["cron", "list", "--json", "--url", `ws://127.0.0.1:${port}`, "--token", token];
  const { code, output } = await runCli(openclaw, home, args);
  if (code === 0) return "ok";
  if (output.includes("proxy_attribution_required")) return "403";
  return output.includes("pairing required") ? "1008" : `fails: ${output.slice(0, 200)}`;
}

/** Sends a request of 25 MB through proxy and shim. Its parameter is unknown, so that the gateway refuses it at most. */
async function sendBig({ token }: Gateway, port: number, host: string): Promise<string> {
  const result = await handshake({
    url: `ws://127.0.0.1:${port}`,
    token,
    device: createDevice(),
    headers: { Host: host },
    keepOpen: true,
  });
  if (!result.ok || !result.session) return "no connection";
  const { session, hello } = result;
  // What docs/recipes.md says of them.
  expect(fieldsOf(hello["policy"])).toMatchObject({ maxPayload: 26_214_400, tickIntervalMs: 30_000 });
  const answer = session.request("health", { padding: "x".repeat(MESSAGE_BYTES) }, MESSAGE_MS);
  const text = await answer.then(
    () => "answered",
    (error: unknown) => (error instanceof GatewayRequestError ? "answered" : String(error)),
  );
  await session.close();
  return text;
}
