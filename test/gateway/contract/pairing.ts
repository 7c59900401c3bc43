import { createDevice } from "../../../src/openclaw/device.ts";
import type { Scenario } from "./target.ts";

const BACKEND = { id: "gateway-client", mode: "backend" };
const MAC = { id: "openclaw-macos", mode: "ui", platform: "macos 26.0.0", deviceFamily: "Mac" };
const NODE = { role: "node", scopes: [], client: { id: "node-host", mode: "node" } };
const TEST = { id: "test", mode: "test" };

/** Clients, roles and scopes (docs/gateway.md section 2). */
export const PAIRING: Readonly<Record<string, Scenario>> = {
  "a CLI": ({ connect }) => connect({ device: createDevice() }),
  "a CLI that connects again": async ({ connect }) => {
    const device = createDevice();
    await connect({ device });
    await connect({ device });
  },
  "a CLI without a device": ({ connect }) => connect(),
  "another client without a device": ({ connect }) => connect({ client: TEST }),
  "a backend": ({ connect }) => connect({ client: BACKEND, device: createDevice() }),
  "a backend without a device": ({ connect }) => connect({ client: BACKEND }),
  "a node": ({ connect }) => connect({ ...NODE, device: createDevice() }),
  "a node without a device": ({ connect }) => connect(NODE),
  "a macOS app": ({ connect }) => connect({ client: MAC, device: createDevice() }),
  "a macOS app after an update of macOS": async ({ connect }) => {
    const device = createDevice();
    await connect({ client: MAC, device });
    await connect({ client: { ...MAC, platform: "macos 26.1.0" }, device });
  },
  "a CLI whose platform changes": async ({ connect }) => {
    const device = createDevice();
    await connect({ device, client: { platform: "linux" } });
    await connect({ device, client: { platform: "darwin" } });
  },
  "a CLI that requests more scopes": async ({ connect }) => {
    const device = createDevice();
    await connect({ device, scopes: ["operator.read"] });
    await connect({ device, scopes: ["operator.admin"] });
  },
  "a CLI that requests fewer scopes": async ({ connect }) => {
    const device = createDevice();
    await connect({ device, scopes: ["operator.admin", "operator.pairing"] });
    await connect({ device, scopes: ["operator.read"] });
  },
  "a CLI that becomes a node": async ({ connect }) => {
    const device = createDevice();
    await connect({ device });
    await connect({ ...NODE, device });
  },
  "a node that becomes an operator": async ({ connect }) => {
    const device = createDevice();
    await connect({ ...NODE, device });
    await connect({ device });
  },
  "a backend that requests more scopes": async ({ connect }) => {
    const device = createDevice();
    await connect({ device, client: BACKEND, scopes: ["operator.read"] });
    await connect({ device, client: BACKEND, scopes: ["operator.admin"] });
  },
  "a CLI with an x-openclaw-scopes header": ({ connect }) =>
    connect({
      device: createDevice(),
      scopes: ["operator.read", "operator.write"],
      headers: { "x-openclaw-scopes": "operator.read" },
    }),
};
