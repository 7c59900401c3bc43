import { createGate, isRefusal, type ConnectionEnds, type Gate } from "../../../src/gate/gate.ts";
import { asksForWebSocket } from "../../../src/gate/request-head.ts";
import { normalize } from "../../../src/headers/normalize.ts";
import { strippedForLog } from "../../../src/headers/stripped-values.ts";
import type { ForwardedPolicy } from "../../../src/settings/settings.ts";
import { testSettings } from "../../support/settings.ts";
import { checkClean, isLoopback } from "./normalized-head.ts";
import { HEAD_SEEDS, HEAD_WORDS } from "./head-seeds.ts";
import { parseHeads, type ParsedHead } from "./parser.ts";
import { promised, type Taken, type Target } from "./target.ts";

const PORT = 18_789;
const settings = {
  ...testSettings(PORT),
  allowHost: ["box.lan"],
  allowOrigin: ["https://app.example"],
  allowFrom: ["192.0.2.0/24"],
};
const { authority, origin } = settings.gateway;
const gateOf = (forwarded: ForwardedPolicy): { forwarded: ForwardedPolicy; gate: Gate } => ({
  forwarded,
  gate: createGate({ ...settings, forwarded }),
});
const GATES = [gateOf("strip"), gateOf("private"), gateOf("reject")] as const;
const ARRIVALS: readonly [ConnectionEnds, ...ConnectionEnds[]] = [
  { remoteAddress: "127.0.0.1", localAddress: "127.0.0.1", localPort: 18_788 },
  { remoteAddress: "::1", localAddress: "::1", localPort: 18_788 },
  { remoteAddress: "192.0.2.7", localAddress: "192.0.2.1", localPort: 18_788 },
  { remoteAddress: "203.0.113.9", localAddress: "192.0.2.1", localPort: 18_788 },
];

/** Raw bytes through Node's parser, the gate and the normalizer, in this process: fast, and no sockets. */
export function headsTarget(): Target {
  return {
    seeds: HEAD_SEEDS,
    words: HEAD_WORDS,
    take(input, random): Taken {
      const heads = parseHeads(input);
      let passed = 0;
      for (const head of heads) {
        const arrival = random.one(ARRIVALS);
        const { gate, forwarded } = random.one(GATES);
        const admission = gate.admit(head, arrival, head.upgrade ? "websocket" : "http");
        if (isRefusal(admission)) {
          promised(admission.status >= 400 && admission.fix !== "", "a refusal has a status and a fix");
          continue;
        }
        passed += 1;
        checkAdmitted(head, arrival, forwarded, admission.origin);
      }
      // What the parser refuses was a head too.
      return { units: Math.max(1, heads.length), passed };
    },
    close: () => Promise.resolve(),
  };
}

function checkAdmitted(
  head: ParsedHead,
  { remoteAddress }: ConnectionEnds,
  forwarded: string,
  verdict: string,
): void {
  const { rawHeaders, upgrade, url, method } = head;
  const values = (wanted: string): string[] =>
    rawHeaders.filter((_text, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === wanted);
  promised(remoteAddress !== "203.0.113.9", "a stranger does not come in", remoteAddress);
  promised(url.startsWith("/"), "the target is a path", url);
  promised(values("host").length === 1, "one Host comes in", rawHeaders);
  const [page] = values("origin");
  const foreignName = !/^(?:localhost|box\.lan|[\d.]+|\[[\da-f:.]+\])\.?(?::\d*)?$/i.test(
    values("host")[0] ?? "",
  );
  promised(
    !foreignName || (upgrade && page === undefined),
    "no browser comes in by a foreign Host",
    rawHeaders,
  );
  if (upgrade) {
    promised(method === "GET" && asksForWebSocket(head), "an upgrade is a GET for a WebSocket", rawHeaders);
    promised(values("transfer-encoding").length === 0, "an upgrade has no body", rawHeaders);
  }
  const vouched = page !== undefined && verdict === "own";
  const framing = upgrade ? "websocket" : values("transfer-encoding").length > 0 ? "chunked" : "plain";
  const target = { authority, framing, ...(vouched && { origin }) } as const;
  const { rawHeaders: clean, stripped } = normalize(rawHeaders, target);
  checkClean(clean, authority, origin);
  promised(forwarded !== "reject" || stripped.length === 0, "--forwarded reject lets none in", stripped);
  strippedForLog(stripped);
  const at = clean.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === "origin");
  promised(at >= 0 === (page !== undefined), "an Origin is neither removed nor made up", rawHeaders);
  if (at < 0 || page === undefined) return;
  const sent = clean[at + 1] ?? "";
  promised(
    sent === page || (vouched && sent === origin),
    "an Origin passes unchanged or is the gateway's",
    sent,
  );
  const remote = remoteAddress === "192.0.2.7" || stripped.length > 0;
  const servedHere = page.toLowerCase() === `http://${(values("host")[0] ?? "").toLowerCase()}`;
  const allowed = page.toLowerCase() === "https://app.example";
  promised(
    !(remote && isLoopback(sent)) || servedHere || allowed,
    "nobody else's localhost is taken for this machine",
    rawHeaders,
  );
  const again = normalize(clean, { authority, framing: "plain" }).rawHeaders;
  promised(
    again.every((text) => clean.includes(text)),
    "normalizing again changes nothing more than the framing",
    again,
  );
}
