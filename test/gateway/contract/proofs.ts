import { createDevice } from "../../../src/openclaw/device.ts";
import { isRecord } from "../../../src/text/json.ts";
import type { Scenario } from "./target.ts";

/** More than any release allows. */
const STALE_MS = 3_600_000;

/** Changes fields of `device` after signing. */
function amendDevice(change: (device: Record<string, unknown>) => Record<string, unknown>) {
  return (params: Record<string, unknown>): Record<string, unknown> => {
    const device = params["device"];
    return { ...params, device: change(isRecord(device) ? device : {}) };
  };
}

/** Signatures, nonces and protocol versions (docs/gateway.md section 3). */
export const PROOFS: Readonly<Record<string, Scenario>> = {
  "a signature of version 3": ({ connect }) =>
    connect({
      device: createDevice(),
      signature: "v3",
      client: { platform: " LinuX ", deviceFamily: "Server" },
    }),
  "a stale signature": ({ connect }) =>
    connect({
      device: createDevice(),
      amend: amendDevice((device) => ({ ...device, signedAt: Number(device["signedAt"]) - STALE_MS })),
    }),
  "a signature over other scopes": ({ connect }) =>
    connect({
      device: createDevice(),
      amend: (params) => ({ ...params, scopes: ["operator.admin"] }),
    }),
  "a signature over another nonce": ({ connect }) =>
    connect({
      device: createDevice(),
      amend: amendDevice((device) => ({ ...device, nonce: "another" })),
    }),
  "a blank nonce": ({ connect }) =>
    connect({ device: createDevice(), amend: amendDevice((device) => ({ ...device, nonce: " " })) }),
  "another device's id": ({ connect }) =>
    connect({
      device: createDevice(),
      amend: amendDevice((device) => ({ ...device, id: createDevice().id })),
    }),
  "a malformed public key": ({ connect }) =>
    connect({ device: createDevice(), amend: amendDevice((device) => ({ ...device, publicKey: "abc" })) }),
  "a future protocol version": ({ connect }) =>
    connect({ device: createDevice(), protocol: { min: 8, max: 9 } }),
  "protocol 3 alone": ({ connect }) => connect({ device: createDevice(), protocol: { min: 3, max: 3 } }),
  "protocol 4 alone": ({ connect }) => connect({ device: createDevice(), protocol: { min: 4, max: 4 } }),
  "a node that speaks only protocol 3": ({ connect }) =>
    connect({
      device: createDevice(),
      protocol: { min: 3, max: 3 },
      role: "node",
      scopes: [],
      client: { id: "node-host", mode: "node" },
    }),
};
