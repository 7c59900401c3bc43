// Performs the task in TASK (JSON) and prints the result as one line of JSON.
import { get } from "node:http";
import { text } from "node:stream/consumers";
import { handshake } from "../../../support/client.ts";
import { createDevice, deviceFromPem } from "../../../../src/openclaw/device.ts";
import type { Page, Task } from "../tools.ts";

const TIMEOUT_MS = 10_000;

async function fetchPage(url: string, headers: Readonly<Record<string, string>>): Promise<Page> {
  return new Promise((resolve) => {
    const request = get(url, { headers, agent: false, timeout: TIMEOUT_MS }, (response) => {
      void text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.on("timeout", () => request.destroy(new Error(`no response within ${TIMEOUT_MS} ms`)));
    request.on("error", (error) => resolve({ failure: error.message }));
  });
}

const task = JSON.parse(process.env["TASK"] ?? "") as Task;
const connect = async ({ connect: options, deviceKey }: Extract<Task, { connect: unknown }>) =>
  handshake({ device: deviceKey === undefined ? createDevice() : deviceFromPem(deviceKey), ...options });
const result = "connect" in task ? await connect(task) : await fetchPage(task.get, task.headers);
process.stdout.write(`${JSON.stringify(result)}\n`);
