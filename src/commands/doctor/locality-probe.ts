import { holds } from "../../openclaw/releases.ts";
import { connectAs, timeFor, type Deadline, type Target } from "./gateway-attempt.ts";
import type { Credential } from "./tool-urls.ts";

/** A page of this machine, but not the gateway's own. */
const ORIGIN = "http://[::1]:1";
const CANVAS = "/__openclaw__/canvas/";

/**
 * Judges without a device, which would leave a request, whether the gateway takes this connection for a local one
 * (docs/gateway.md section 4): then it accepts a page of a loopback origin. Before 2026.3 it accepts each; but then it
 * responds to a request for its canvas without a token only if that is local.
 *
 * @returns undefined if it is local, else the outcome that stands for the attempt of a device
 */
export async function probeLocality(target: Target, credential: Credential, deadline: Deadline) {
  const unknown = { outcome: "abandoned", what: "it was not seen whether this connection is local" } as const;
  const remote = {
    outcome: "pairing-required",
    what: "the gateway takes this connection for a remote one",
  } as const;
  const page = await connectAs({ ...target, origin: ORIGIN }, credential, deadline);
  await page.session?.close();
  if (page.outcome === "origin-rejected") return remote;
  if (!page.connected && page.outcome !== "device-required") return unknown;
  if (!page.hello || !holds("canvasWithoutToken", page.hello.version)) return undefined;
  const url = new URL(CANVAS, target.url.replace(/^ws/, "http"));
  const signal = AbortSignal.timeout(timeFor("request", deadline));
  const status = await fetch(url, { signal }).then(
    (response) => response.status,
    () => 0,
  );
  return status === 401 ? remote : status === 200 ? undefined : unknown;
}
