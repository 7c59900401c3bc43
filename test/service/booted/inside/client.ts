// OpenClaw's clients. `connect`: one handshake through the shim. `load`: handshakes without a pause until stdin ends;
// a number on stdin asks for so many more, and JSON is printed when they are connected. `stay`: connects; a line on
// stdin asks for a request in that session. Prints JSON.
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { handshake, type HandshakeResult } from "../../../support/client.ts";
import { createDevice, deviceFromPem, type Device } from "../../../../src/openclaw/device.ts";

/** Longer than a restart, which takes as long as the drain at most. */
const PATIENCE_MS = 20_000;
const WORKERS = 8;

const [mode, url = "", token = "", deviceFile] = process.argv.slice(2);
const device = deviceFile === undefined ? createDevice() : deviceIn(deviceFile);

/** Reads or creates the device in a file, so that a later client can use the same device. */
function deviceIn(file: string): Device {
  if (existsSync(file)) return deviceFromPem(readFileSync(file, "utf8"));
  const made = createDevice();
  writeFileSync(file, made.privateKey.export({ type: "pkcs8", format: "pem" }));
  return made;
}

function connect(keepOpen = false): Promise<HandshakeResult> {
  const headers = { host: "sandbox.example.com", "x-forwarded-for": "203.0.113.7" };
  return handshake({ url, token, device, headers, keepOpen, timeoutMs: PATIENCE_MS });
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

if (mode === "load") await load();
else if (mode === "stay") await stay();
else print(await connect());

async function load(): Promise<void> {
  const state = { stopped: false, connected: 0, wanted: Infinity };
  const failures: HandshakeResult[] = [];
  const input = createInterface({ input: process.stdin });
  input.on("line", (line) => (state.wanted = state.connected + Number(line)));
  input.on("close", () => (state.stopped = true));
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      while (!state.stopped) {
        const result = await connect();
        if (result.ok) state.connected += 1;
        else failures.push(result);
        if (state.connected < state.wanted) continue;
        state.wanted = Infinity;
        print({ connected: state.connected });
      }
    }),
  );
  print({ connected: state.connected, failures });
}

async function stay(): Promise<void> {
  const { ok, ...result } = await connect(true);
  print({ ok });
  const session = "session" in result ? result.session : undefined;
  const input = createInterface({ input: process.stdin });
  input.on("line", () => {
    const asked = session?.request("health") ?? Promise.reject(new Error("no session"));
    void asked.then(
      () => print({ answer: "answered" }),
      (error: unknown) => print({ answer: String(error) }),
    );
  });
  await once(input, "close");
  await session?.close();
}
