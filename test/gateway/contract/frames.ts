import { createDevice } from "../../../src/openclaw/device.ts";
import type { Scenario } from "./target.ts";

/** Malformed connects, and other first messages. */
export const FRAMES: Readonly<Record<string, Scenario>> = {
  "a role that does not exist": ({ connect }) => connect({ device: createDevice(), role: "boss" }),
  "a client that does not exist": ({ connect }) => connect({ device: createDevice(), client: { id: "zzz" } }),
  "a connect without a client": ({ connect }) =>
    connect({ amend: ({ client: _client, ...params }) => params }),
  "an empty scope": ({ connect }) => connect({ device: createDevice(), scopes: [""] }),
  "a first message that is not JSON": ({ exchange }) => exchange(["hello"]),
  "a first message that is not a request": ({ exchange }) => exchange(['{"type":"event","event":"tick"}']),
  "a first request that is not connect": ({ exchange }) =>
    exchange([JSON.stringify({ type: "req", id: "1", method: "health", params: {} })]),
  "a client that disconnects after the challenge": ({ exchange }) => exchange([], { disconnect: true }),
  "a path that the gateway does not know": ({ connect, origin }) =>
    connect({ url: `${origin.replace("http", "ws")}/nowhere?token=x`, device: createDevice() }),
};
