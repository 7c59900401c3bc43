import { createGate, isRefusal, type ConnectionEnds, type Gate } from "../../../src/gate/gate.ts";
import { asksForWebSocket } from "../../../src/gate/request-head.ts";
import { normalize } from "../../../src/headers/normalize.ts";
import { strippedForLog } from "../../../src/headers/header-table.ts";
import type { ForwardedPolicy } from "../../../src/settings/settings.ts";
import { testSettings } from "../../support/settings.ts";
import { checkNormalizedHead, isLoopback } from "./normalized-head.ts";
import { HEAD_SEEDS, HEAD_WORDS } from "./head-seeds.ts";
import { parseHeads, type ParsedHead } from "./parser.ts";
import { invariant, type RunResult, type Target } from "./target.ts";

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
const CONNECTIONS: readonly [ConnectionEnds, ...ConnectionEnds[]] = [
  { remoteAddress: "127.0.0.1", localAddress: "127.0.0.1", localPort: 18_788 },
  { remoteAddress: "::1", localAddress: "::1", localPort: 18_788 },
  { remoteAddress: "192.0.2.7", localAddress: "192.0.2.1", localPort: 18_788 },
  { remoteAddress: "203.0.113.9", localAddress: "192.0.2.1", localPort: 18_788 },
];

/** Passes raw bytes to Node's parser, the gate and the normalizer, in this process and without sockets. */
export function headsTarget(): Target {
  return {
    seeds: HEAD_SEEDS,
    words: HEAD_WORDS,
    run(input, random): RunResult {
      const heads = parseHeads(input);
      let passed = 0;
      for (const head of heads) {
        const ends = random.one(CONNECTIONS);
        const { gate, forwarded } = random.one(GATES);
        const admission = gate.admit(head, ends, head.upgrade ? "websocket" : "http");
        if (isRefusal(admission)) {
          invariant(admission.status >= 400 && admission.fix !== "", "a refusal has a status and a fix");
          continue;
        }
        passed += 1;
        checkAdmitted(head, ends, forwarded, admission.origin);
      }
      // Bytes that the parser refuses count as one head.
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
  invariant(remoteAddress !== "203.0.113.9", "an unknown peer is not admitted", remoteAddress);
  invariant(url.startsWith("/"), "the target is a path", url);
  invariant(values("host").length === 1, "a request with one Host is admitted", rawHeaders);
  const [page] = values("origin");
  const foreignName = !/^(?:localhost|box\.lan|[\d.]+|\[[\da-f:.]+\])\.?(?::\d*)?$/i.test(
    values("host")[0] ?? "",
  );
  invariant(
    !foreignName || (upgrade && page === undefined),
    "no browser with a foreign Host is admitted",
    rawHeaders,
  );
  if (upgrade) {
    invariant(method === "GET" && asksForWebSocket(head), "an upgrade is a GET for a WebSocket", rawHeaders);
    invariant(values("transfer-encoding").length === 0, "an upgrade has no body", rawHeaders);
  }
  const isOwn = page !== undefined && verdict === "own";
  const framing = upgrade ? "websocket" : values("transfer-encoding").length > 0 ? "chunked" : "plain";
  const target = { authority, framing, ...(isOwn && { origin }) } as const;
  const { rawHeaders: normalized, stripped } = normalize(rawHeaders, target);
  checkNormalizedHead(normalized, authority, origin);
  invariant(
    forwarded !== "reject" || stripped.length === 0,
    "--forwarded reject admits no forwarding field",
    stripped,
  );
  strippedForLog(stripped);
  const at = normalized.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === "origin");
  invariant(at >= 0 === (page !== undefined), "an Origin is neither removed nor added", rawHeaders);
  if (at < 0 || page === undefined) return;
  const sent = normalized[at + 1] ?? "";
  invariant(
    sent === page || (isOwn && sent === origin),
    "an Origin passes unchanged or is the gateway's",
    sent,
  );
  const remote = remoteAddress === "192.0.2.7" || stripped.length > 0;
  const isSameOrigin = page.toLowerCase() === `http://${(values("host")[0] ?? "").toLowerCase()}`;
  const allowed = page.toLowerCase() === "https://app.example";
  invariant(
    !(remote && isLoopback(sent)) || isSameOrigin || allowed,
    "the localhost of another machine is not treated as this machine",
    rawHeaders,
  );
  const again = normalize(normalized, { authority, framing: "plain" }).rawHeaders;
  invariant(
    again.every((text) => normalized.includes(text)),
    "a second normalization changes only the framing",
    again,
  );
}
