import type { HandshakeResult } from "../../support/client.ts";
import { createDevice, type Device } from "../../../src/openclaw/device.ts";
import { isRecord } from "../../../src/text/json.ts";
import type { Scenario, Target } from "./target.ts";

/** Failed attempts until the gateway locks a client out. */
export const LIMIT = 8;
const WRONG = "not-the-gateways-token";

async function pair({ connect }: Target): Promise<{ device: Device; deviceToken: string }> {
  const device = createDevice();
  return { device, deviceToken: issued(await connect({ device })) };
}

function issued(result: HandshakeResult): string {
  const auth = result.ok ? result.hello["auth"] : undefined;
  const token = isRecord(auth) ? auth["deviceToken"] : undefined;
  if (typeof token !== "string") throw new Error(`no device token: ${JSON.stringify(result)}`);
  return token;
}

/** Tokens of the gateway and of devices. They are run last, because failures are counted. */
export const CREDENTIALS: Readonly<Record<string, Scenario>> = {
  "no token": ({ connectWithout }) => connectWithout({ device: createDevice() }),
  "no token and no device": ({ connectWithout }) => connectWithout({}),
  "a device token": async (target) => {
    await target.connectWithout(await pair(target));
  },
  "a device token as the gateway's": async (target) => {
    const { device, deviceToken } = await pair(target);
    await target.connectWithout({ device, token: deviceToken });
  },
  "a device token for more scopes": async (target) => {
    await target.connectWithout({ ...(await pair(target)), scopes: ["operator.admin"] });
  },
  "a wrong device token": async (target) => {
    const { device } = await pair(target);
    await target.connectWithout({ device, deviceToken: WRONG });
  },
  "a wrong device token as the gateway's": async (target) => {
    const { device } = await pair(target);
    await target.connect({ device, token: WRONG });
  },
  "a wrong token": ({ connect }) => connect({ device: createDevice(), token: WRONG }),
  "a wrong token without a device": ({ connect }) => connect({ token: WRONG }),
  "the right token after wrong tokens": ({ connect }) => connect({ device: createDevice() }),
  "more wrong tokens than the gateway allows": async ({ connect }) => {
    for (let attempt = 0; attempt <= LIMIT; attempt += 1) {
      await connect({ device: createDevice(), token: WRONG });
    }
  },
  "the right token after too many wrong tokens": ({ connect }) => connect({ device: createDevice() }),
  "the right token without a device after too many wrong tokens": ({ connect }) => connect(),
};
