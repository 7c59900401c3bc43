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

/** Documentation of each product that the table names; of its users where the product itself has none. */
const SOURCES: Readonly<Record<string, string>> = {
  lighttpd: "https://github.com/lighttpd/lighttpd1.4/blob/master/src/mod_proxy.c",
  Cloudflare: "https://developers.cloudflare.com/fundamentals/reference/http-headers/",
  Fastly: "https://www.fastly.com/documentation/reference/http/http-headers/Fastly-Client-IP/",
  "Fly.io": "https://fly.io/docs/networking/request-headers/",
  Railway: "https://docs.railway.com/networking/public-networking/specs-and-limits",
  E2B: "https://e2b.dev/docs/network/restrict-public-access",
  Daytona: "https://www.daytona.io/docs/en/preview",
  "Tailscale Serve": "https://tailscale.com/kb/1312/serve",
  Envoy: "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers",
  Vercel: "https://vercel.com/docs/headers/request-headers",
  "Amazon CloudFront":
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html",
  "DigitalOcean App Platform": "https://github.com/mixpanel/tracking-proxy/issues/31",
  "Google App Engine": "https://cloud.google.com/appengine/docs/flexible/reference/request-headers",
  "Azure Front Door": "https://learn.microsoft.com/en-us/azure/frontdoor/front-door-http-headers-protocol",
  Netlify:
    "https://answers.netlify.com/t/upcoming-change-stripping-exposed-netlify-headers-from-function-and-proxy-requests/52665",
  ngrok: "https://ngrok.com/docs/http/oauth/",
  Teleport: "https://goteleport.com/docs/enroll-resources/application-access/jwt/introduction/",
  "AWS Application Load Balancer":
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html",
  "AWS Application Load Balancer with mutual TLS":
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html",
  "OAuth2 Proxy": "https://oauth2-proxy.github.io/oauth2-proxy/configuration/integrations/nginx",
  authentik: "https://docs.goauthentik.io/add-secure-apps/providers/proxy/",
  "Google IAP": "https://cloud.google.com/iap/docs/identity-howto",
  "Azure App Service":
    "https://learn.microsoft.com/en-us/azure/app-service/configure-authentication-user-identities",
  Pomerium: "https://www.pomerium.com/docs/reference/pass-identity-headers",
  Replit: "https://docs.replit.com/hosting/authenticating-users-repl-auth",
  AuthCrunch: "https://github.com/bouncepaw/mycorrhiza/issues/199",
  "Vouch Proxy": "https://github.com/vouch/vouch-proxy/blob/master/config/config.yml_example",
};

/** Documentation of headers that several products add. */
const SHARED_SOURCES: readonly (readonly [names: readonly string[], who: string, url: string])[] = [
  [["remote-*"], "Authelia", "https://www.authelia.com/integration/trusted-header-sso/introduction/"],
  [["x-remote-*"], "Kubernetes", "https://kubernetes.io/docs/reference/access-authn-authz/authentication/"],
  [["x-user", "x-email"], "OAuth2 Proxy with nginx", SOURCES["OAuth2 Proxy"] ?? ""],
  [["x-consumer-*", "x-credential-*"], "APISIX", "https://apisix.apache.org/docs/apisix/plugins/key-auth/"],
  [["x-consumer-*", "x-authenticated-*"], "Kong", "https://github.com/gluufederation/gluu-gateway/issues/52"],
  [
    ["x-webauth-*"],
    "Grafana",
    "https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/auth-proxy/",
  ],
  [["client-cert*"], "RFC 9440", "https://www.rfc-editor.org/rfc/rfc9440"],
];

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
  identity: [
    ["Tailscale-User-Login", "jane@example.com"],
    ["X-Auth-Request-Email", "jane@example.com"],
  ],
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
\`tailscale-*\`. With \`gateway.auth.mode: "trusted-proxy"\` it also reads the header that its \`userHeader\` names, which signs
the client in. The others are hints that a client can forge.

${headerTable()}
\`--strip NAME\` adds a header of your own proxy or sign-on product to this list, for everything that this page says. It
takes whole names only. It refuses headers that the gateway must receive from the client itself: \`Authorization\`,
\`Cookie\`, \`Host\`, \`Origin\`, \`Referer\`, \`Content-Length\`, \`Content-Type\`, \`Sec-*\` and \`X-OpenClaw-*\`. Without \`Origin\` or
\`Sec-Fetch-Site\` a web page would look like a command-line tool, and without \`X-OpenClaw-Scopes\` a client would get more.
An \`Authorization\` or \`Cookie\` that a proxy adds has to be removed there.

Some of the headers that several products add, by where they are documented:

${sharedSources()}
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
  \`Host\`, \`Authorization\`, \`Cookie\` or any other header that \`--strip\` refuses: such a request is refused.
- \`Sec-WebSocket-Extensions\`: the gateway negotiates none, and compressed frames could not be read.
- \`Host\` is set to the gateway's address; to \`remote.invalid\` where a remote client requests what is for local ones
  ([gateway.md](gateway.md), section 4). A remote client's request for a page of the plugin \`diffs\` gets an
  \`X-Forwarded-For\`.
- \`Origin\` is set to the gateway's own if it is the shim's own or an \`--allow-origin\`. Any other Origin is forwarded
  unchanged, or the request is refused. It is never removed.

All other headers of a WebSocket request pass unchanged and in order. [limits.md](limits.md) has the exceptions for plain
HTTP.
`;
}

function headerTable(): string {
  const rows = FORWARDING_HEADERS.map(({ name, carries, addedBy }) => [
    code(name),
    MEANINGS[carries],
    addedBy === undefined ? "–" : source(addedBy),
  ]);
  return table(["header", "carries", "added by"], rows);
}

/** Returns a product with a link to its documentation. @throws Error if `SOURCES` lacks it */
function source(product: string): string {
  const url = SOURCES[product];
  if (url === undefined) throw new Error(`add the documentation of ${product} to SOURCES`);
  return `[${product}](${url})`;
}

function sharedSources(): string {
  return SHARED_SOURCES.map(([names, who, url]) => {
    return `- ${names.map(code).join(", ")}: [${who}](${url})\n`;
  }).join("");
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
