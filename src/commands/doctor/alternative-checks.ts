import { isLoopbackAddress, isPrivateAddress } from "../../net/ip-address.ts";
import { section } from "../../openclaw/config.ts";
import { holds } from "../../openclaw/releases.ts";
import type { DoctorContext } from "./doctor-context.ts";
import { note, type Results } from "./finding.ts";
import type { recentOutcomes } from "./found-shim.ts";

type Seen = Awaited<ReturnType<typeof recentOutcomes>>[number];

const RETIRED = ["allowInsecureAuth", "dangerouslyDisableDeviceAuth"];
const BROWSERS = new Set(["openclaw-control-ui", "webchat-ui", "webchat"]);

const isBrowser = ({ clientId = "" }: Seen): boolean => BROWSERS.has(clientId);
const hasStripped = ({ stripped }: Seen, prefix: string): boolean =>
  Object.keys(stripped).some((name) => name.startsWith(prefix));

const isPrivateClient = (address: string): boolean =>
  isPrivateAddress(address) && !isLoopbackAddress(address);

/** Settings that are better than a shim if all its clients are of one kind; the first that fits counts. */
const BETTER: readonly (readonly [clients: string, fits: (seen: Seen) => boolean, setting: string])[] = [
  [
    "a browser of your tailnet",
    (seen) => isBrowser(seen) && hasStripped(seen, "tailscale-"),
    "gateway.tailscale.mode: serve",
  ],
  [
    "a browser behind a proxy",
    (seen) => isBrowser(seen) && hasStripped(seen, ""),
    "gateway.auth.mode: trusted-proxy with deviceAutoApprove, if that proxy authenticates users",
  ],
  [
    "a node with a private address",
    (seen) => seen.role === "node" && isPrivateClient(seen.stripped["x-forwarded-for"] ?? seen.peer),
    "gateway.nodes.pairing.autoApproveCidrs, or `openclaw devices join-code`",
  ],
];

/** Says which setting of OpenClaw is better than the shim, and which has no effect any more (docs/gateway.md section 9). */
export async function checkAlternatives({ openclaw, gateway, shim }: DoctorContext): Results {
  const { hello, listener } = await gateway();
  const keys = RETIRED.filter((key) => key in section(openclaw.gateway, "controlUi"));
  const isRetired = holds("controlUiKeysRetired", hello?.version);
  const results = (isRetired ? keys : []).map((key) =>
    note(`gateway.controlUi.${key}: without effect since OpenClaw 2026.8`, "remove it"),
  );
  if (listener?.program === "docker-proxy") {
    const option = "`openclaw --container NAME` (OpenClaw 2026.3.28 and later) on this machine needs no shim";
    results.push(note(`the gateway is in a container: ${option}`));
  }
  const seen = ((await shim()).running?.outcomes ?? []).filter(({ clientId }) => clientId !== undefined);
  const [clients, , setting] = BETTER.find(([, fits]) => seen.length > 0 && seen.every(fits)) ?? [];
  // Read for 2026.9.6.
  if (setting !== undefined && holds("forwardingRefused", hello?.version))
    results.push(
      note(`each client seen is ${clients}: OpenClaw has a better setting than a shim for them, ${setting}`),
    );
  return results;
}
