import { checkForwarded, readForwarded } from "../../src/gate/forwarded.ts";
import { FORWARDING_HEADERS, strippedForLog, type HeaderContent } from "../../src/headers/header-table.ts";
import { code, table } from "./markdown.ts";

/** What each content is; the compiler requires all of them. */
const MEANINGS: Readonly<Record<HeaderContent, string>> = {
  addresses: "client addresses",
  forwarded: "the parameters of RFC 7239",
  via: "proxies (RFC 9110 section 7.6.3)",
  host: "a host name",
  port: "a port",
  scheme: "a URL scheme",
  country: "a country code",
  identity: "who the user is",
  unspecified: "anything",
};

/** Requests of which the page shows what `--forwarded private` and the log do with them. */
const EXAMPLES: Readonly<Record<HeaderContent, readonly (readonly [name: string, value: string])[]>> = {
  addresses: [
    ["X-Forwarded-For", "203.0.113.7, 10.0.0.1"],
    ["X-Forwarded-For", "10.0.0.7"],
    ["X-Real-IP", "unknown"],
  ],
  forwarded: [
    ["Forwarded", "for=203.0.113.7;proto=https"],
    ["Forwarded", "for=10.0.0.7;by=203.0.113.1"],
    ["Forwarded", "for=10.0.0.7;secret=x"],
  ],
  via: [
    ["Via", "1.1 edge"],
    ["Via", "1.1 203.0.113.7"],
  ],
  host: [
    ["X-Forwarded-Host", "sandbox.example.com"],
    ["X-Forwarded-Host", "203.0.113.7"],
  ],
  port: [["X-Forwarded-Port", "443"]],
  scheme: [["X-Forwarded-Proto", "https"]],
  country: [["CF-IPCountry", "DE"]],
  identity: [["Tailscale-User-Login", "jane@example.com"]],
  unspecified: [
    ["CF-Access-Jwt-Assertion", "eyJhbGciOiJSUzI1NiJ9"],
    ["X-Vercel-Anything", "203.0.113.7"],
  ],
};

/** Returns docs/headers.md. */
export function headersPage(): string {
  return `# Headers

Written by \`npm run docs\` from the table that the program itself uses (src/headers/header-table.ts); a test fails if they
differ.

## Deleted: forwarding and proxy-identity headers

The shim deletes each of these, empty and repeated ones too. A name matches in any case, and with \`_\` for \`-\`. A final
\`*\` stands for every name that begins so. OpenClaw's gateway reads \`x-forwarded-*\`, \`forwarded\`, \`x-real-ip\` and
\`tailscale-*\`; the others are hints that a client can forge.

${headerTable()}
## What --forwarded and the log do with them

\`--forwarded\` says what to do with a request that carries one of these headers:

- \`strip\` (the default): deletes the headers and forwards the request.
- \`private\`: the same, if every address in the headers is private or in \`--allow-from\`; else 403. In a header that
  carries client addresses, text that is not an address counts as public. In every other header the addresses among the text
  count.
- \`reject\`: 403.

Private are loopback, the private ranges of RFC 1918, link-local addresses, 100.64.0.0/10 and fc00::/7. With \`strip\`, the
outcome line has \`publicForwarded: true\` if \`private\` would have refused the request.

The outcome line shows a value under \`normalized.stripped\` only if it has the form of its header. Anybody can send these
headers, and some carry credentials.

${exampleTable()}
## Also deleted, and set

- Hop-by-hop headers, and those that \`Connection\` names (RFC 9110 section 7.6.1). \`Connection\` may not name \`Origin\`,
  \`Host\`, \`Authorization\`, \`Cookie\` or \`Sec-WebSocket-*\`: such a request is refused.
- \`Sec-WebSocket-Extensions\`: the gateway negotiates none, and compressed frames could not be read.
- \`Host\` is set to the gateway's address.
- \`Origin\` is set to the gateway's own if it is the shim's own or an \`--allow-origin\`. Any other Origin is forwarded
  unchanged, or the request is refused. It is never removed.

All other headers of a WebSocket request pass unchanged and in order. [limits.md](limits.md) has the exceptions for plain
HTTP.
`;
}

function headerTable(): string {
  const rows = FORWARDING_HEADERS.map(({ name, carries, addedBy = "–" }) => [
    code(name),
    MEANINGS[carries],
    addedBy,
  ]);
  return table(["header", "carries", "added by"], rows);
}

function exampleTable(): string {
  const rows = Object.values(EXAMPLES).flatMap((examples) =>
    examples.map(([name, value]) => {
      const refusal = checkForwarded(readForwarded([name, value]), "private", () => false);
      const verdict = refusal ? `${refusal.status} ${code(refusal.code)}` : "forwarded without it";
      return [
        code(`${name}: ${value}`),
        verdict,
        code(Object.values(strippedForLog([[name, value]])).join()),
      ];
    }),
  );
  return table(["request", "`--forwarded private`", "in the log"], rows);
}
