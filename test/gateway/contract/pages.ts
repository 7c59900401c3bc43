import { createDevice } from "../../../src/openclaw/device.ts";
import type { Scenario } from "./target.ts";

const CONTROL_UI = { id: "openclaw-control-ui", mode: "webchat" };
const ANOTHER_PORT = "http://127.0.0.1:1";
const FOREIGN = "https://evil.example";

/** Pages with different origins (docs/gateway.md section 4). */
export const PAGES: Readonly<Record<string, Scenario>> = {
  "the Control UI": ({ connect, origin, buildId }) =>
    connect({
      device: createDevice(),
      origin,
      client: { ...CONTROL_UI, ...(buildId === undefined ? {} : { buildId }) },
    }),
  "a Control UI without a build id": ({ connect, origin }) =>
    connect({ device: createDevice(), origin, client: CONTROL_UI }),
  "a Control UI from a development server": ({ connect }) =>
    connect({ device: createDevice(), origin: ANOTHER_PORT, client: CONTROL_UI }),
  "a Control UI without an Origin": ({ connect }) => connect({ device: createDevice(), client: CONTROL_UI }),
  "a Control UI without a device": ({ connect }) => connect({ origin: ANOTHER_PORT, client: CONTROL_UI }),
  "a Control UI without a token": ({ connectWithout }) =>
    connectWithout({ device: createDevice(), origin: ANOTHER_PORT, client: CONTROL_UI }),
  "a foreign page that claims to be the Control UI": ({ connect }) =>
    connect({ device: createDevice(), origin: FOREIGN, client: CONTROL_UI }),
  "a foreign page that claims to be the CLI": ({ connect }) =>
    connect({ device: createDevice(), origin: FOREIGN }),
  "a page of another port that claims to be the CLI": ({ connect }) =>
    connect({ device: createDevice(), origin: ANOTHER_PORT }),
  "a page with an opaque origin": ({ connect }) =>
    connect({ device: createDevice(), origin: "null", client: CONTROL_UI }),
  "a page of another port that pairs the CLI's device first": async ({ connect }) => {
    const device = createDevice();
    await connect({ device, origin: ANOTHER_PORT });
    await connect({ device });
  },
};
