/** A request that the shim refuses. `{value}` stands for the offending value; here and below for the value at hand. */
export interface RefusalRow {
  /** The HTTP status. */
  readonly status: number;
  readonly message: string;
  /** What to do, as one sentence; absent where the code of the failure has its own. */
  readonly fix?: string;
}

/** Requests that the shim refuses. The key is `reason` in the log and `error.type` in the response. */
export const REFUSALS = {
  peer_not_allowed: {
    status: 403,
    message: "peer {value} may not connect to this shim",
    fix: "if {value} is yours, start openclaw-shim with --allow-from {value}",
  },
  host_not_allowed: {
    status: 421,
    message: "Host {value} is not a name of this shim",
    fix: "if that name is yours, start openclaw-shim with --allow-host {value}; else use http://127.0.0.1",
  },
  origin_not_allowed: {
    status: 403,
    message: "Origin {value} is not forwarded: the gateway would treat that page as a local one",
    fix: "if you trust every page of that origin, start openclaw-shim with --allow-origin {value}",
  },
  origin_malformed: {
    status: 403,
    message: 'Origin "{value}" is not a serialized origin (RFC 6454): scheme://host[:port] or null',
    fix: "send one well-formed Origin, or none at all if the client is not a browser",
  },
  forwarded_rejected: {
    status: 403,
    message: "the request carries {value}, and --forwarded reject is set",
    fix: "connect to the shim without a proxy between, or start it with --forwarded strip",
  },
  forwarded_public: {
    status: 403,
    message: "the request was forwarded for {value}, which is not a private address (--forwarded private)",
    fix: "if that client is yours, start openclaw-shim with --allow-from {value}, or with --forwarded strip",
  },
  scope_ceiling: {
    status: 403,
    message: "--max-scopes: {value}",
    fix: "let the client ask for less, or start openclaw-shim with more --max-scopes; operator.admin covers everything",
  },
  credential_required: {
    status: 401,
    message: "{value} needs the gateway's token: only programs on its machine may get it without",
    fix: "send the gateway's token as Authorization: Bearer, or connect from the gateway's machine without a proxy between",
  },
  local_only: {
    status: 403,
    message: "{value} is not relayed: the gateway tells details there to programs on its machine",
    fix: "use HEAD or /health, or connect from the gateway's machine without a proxy between",
  },
  too_many_connections: {
    status: 503,
    message: "all {value} connection slots are in use",
    fix: "close idle clients, or start openclaw-shim with --max-connections above {value}",
  },
  evicted: {
    status: 503,
    message: "all {value} connection slots were in use, and this client was idle or had not authenticated",
    fix: "send requests and authenticate at once, or start openclaw-shim with --max-connections above {value}",
  },
  memory_limit: {
    status: 503,
    message: "unread data filled the kernel's buffers, which count towards the memory limit of {value}",
    fix: "read messages and responses as they arrive, or raise the memory limit: MemoryMax= of the service, or the container's",
  },
  too_many_failures: {
    status: 429,
    message: "too many failed authentication attempts: wait {value} s",
    fix: "check the client's token or password, then retry in {value} s",
  },
  page_not_local: {
    status: 421,
    message: "the shim's own pages are for this machine only, and {value} may name another one",
    fix: "request them on the machine of the shim by a loopback name, such as http://127.0.0.1:18788/__shim__/",
  },
  foreign_site: {
    status: 403,
    message: "the shim's own pages do not respond to other pages of a browser (Sec-Fetch-Site: {value})",
    fix: "open the address in a tab of its own, or read it with a program that is not a browser",
  },
  too_many_followers: {
    status: 503,
    message: "too many clients follow the outcomes already",
    fix: "close a page of /__shim__/ elsewhere, or read /__shim__/outcomes as JSON",
  },
  draining: {
    status: 503,
    message: "the shim is shutting down",
    fix: "retry when the service is running again: `openclaw-shim status`",
  },
  malformed_request: {
    status: 400,
    message: "malformed request: {value}",
    fix: "send a well-formed HTTP/1.1 request (RFC 9112), or a WebSocket handshake (RFC 6455 section 4.1)",
  },
  request_timeout: {
    status: 408,
    message: "the request's {value} did not arrive in time",
    fix: "send the whole request at once; look for a stalled proxy between client and shim",
  },
  header_too_large: {
    status: 431,
    message: "the request's header section is larger than 16 KiB, or has more than 255 fields",
    fix: "send fewer or smaller header fields; look for cookies that accumulate",
  },
  method_connect: {
    status: 405,
    message: "CONNECT is not supported: this server forwards to one gateway only",
    fix: "use the shim as the gateway URL, not as an HTTP proxy: unset HTTP_PROXY, or set NO_PROXY=127.0.0.1",
  },
  method_not_allowed: { status: 405, message: "{value} is not allowed here", fix: "use GET or HEAD" },
  not_found: { status: 404, message: "{value} is not a page of the shim", fix: "see /__shim__/" },
  upgrade_not_websocket: {
    status: 426,
    message: "cannot upgrade to {value}: only to websocket",
    fix: "connect with ws://, or turn off HTTP/2 upgrades (curl: --http1.1)",
  },
  upgrade_incomplete: {
    status: 400,
    message: "Upgrade: websocket came without Connection: upgrade",
    fix: "let the proxy in front pass upgrades on (nginx: proxy_set_header Connection upgrade): it removes hop-by-hop fields",
  },
  gateway_unreachable: { status: 502, message: "the gateway cannot be reached: {value}" },
  gateway_timeout: { status: 504, message: "the gateway did not respond: {value}" },
  gateway_response_malformed: {
    status: 502,
    message: "the server at the gateway's address does not respond in HTTP/1.1: {value}",
    fix: "check --gateway: its port, and whether the gateway uses ws:// or wss://",
  },
} as const satisfies Readonly<Record<string, RefusalRow>>;

const NO_ROUTE =
  "check the address in --gateway: this machine has no route to it; write ws://127.0.0.1:PORT if IPv6 is switched off, ws://[::1]:PORT without an IPv4 loopback";
const NO_RESPONSE =
  "write wss:// in --gateway if the gateway's gateway.tls is on, else read its log (`openclaw logs --follow`): it closed the connection without a response";
const UNVERIFIED =
  "pin the gateway's certificate, which does not verify, with --gateway-fingerprint sha256:…; `node -p \"new crypto.X509Certificate(fs.readFileSync(os.homedir()+'/.openclaw/gateway/tls/gateway-cert.pem')).fingerprint256\"` prints it";
const NOT_TLS = "write ws:// in --gateway: the server at that address does not speak TLS";

/** What to do if there is no connection to the gateway, by the code of the system, of Node or of the relay. */
export const CONNECT_FAILURES = {
  ECONNREFUSED:
    "start the gateway (`openclaw gateway run`), or give its address with --gateway ws://127.0.0.1:PORT: nothing listens there",
  ENETUNREACH: NO_ROUTE,
  EHOSTUNREACH: NO_ROUTE,
  EADDRNOTAVAIL: NO_ROUTE,
  EAFNOSUPPORT: NO_ROUTE,
  TIMEOUT:
    "read the gateway's log (`openclaw logs --follow`) and restart it (`openclaw gateway restart`): it does not respond",
  EOF: NO_RESPONSE,
  ECONNRESET: NO_RESPONSE,
  CERT_FINGERPRINT_MISMATCH: "if the gateway has a new certificate, give its new --gateway-fingerprint",
  CERT_HAS_EXPIRED: UNVERIFIED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNVERIFIED,
  ERR_TLS_CERT_ALTNAME_INVALID: UNVERIFIED,
  SELF_SIGNED_CERT_IN_CHAIN: UNVERIFIED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNVERIFIED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNVERIFIED,
  EPROTO: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  NOT_A_GATEWAY: "correct the port in --gateway: the program there is not OpenClaw's gateway",
  TLS_EXPECTED:
    "write wss:// in --gateway, and pin the certificate with --gateway-fingerprint sha256:…: the server there expects TLS",
  MALFORMED_RESPONSE: "check --gateway: the server there is not a gateway, or ws:// and wss:// are confused",
} as const satisfies Readonly<Record<string, string>>;

/** What the server at the gateway's address is, by the code of the failure; for all other codes it is `down`. */
export const GATEWAY_STATES = {
  NOT_A_GATEWAY: "not-a-gateway",
  TLS_EXPECTED: "tls-expected",
  EPROTO: "tls-not-expected",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "tls-not-expected",
  ERR_SSL_WRONG_VERSION_NUMBER: "tls-not-expected",
} as const satisfies Readonly<Record<string, string>>;

/** What to do about an outcome, or about a reason of the gateway's that needs its own advice (docs/gateway.md section 3). */
export const OUTCOME_FIXES = {
  "scopes-missing":
    "use a client that sends a device identity: the gateway removes the scopes of one that sends none{value}",
  "scopes-limited":
    "remove the x-openclaw-scopes header, which limits a connection's scopes, from the client or the proxy before the shim; `openclaw devices list` shows what the device is approved for",
  "pairing-required":
    "approve the device's pending request, or reject it and let the client retry: it is stale if its first attempt was not local, and then stays refused until five minutes after the last (--approve seen repairs that); `openclaw-shim doctor` finds other causes",
  "scope-upgrade":
    "approve the device's pending request (`openclaw devices list` shows it): it asks for more scopes than it was approved for",
  "role-upgrade":
    "approve the device's pending request (`openclaw devices list` shows it): it asks for a role that it was not approved for",
  "metadata-upgrade":
    "approve the device's pending request (`openclaw devices list` shows it): its platform or family has changed since it was approved",
  "device-required":
    "use a client that sends a device identity (any current openclaw CLI), or open the Control UI at http://127.0.0.1 or https, where browsers allow one",
  "device-invalid":
    "set this machine's clock right; if the device's signature is still rejected, move ~/.openclaw/identity/device.json away so that a new identity is made",
  unauthorized:
    "compare the client's OPENCLAW_GATEWAY_TOKEN with gateway.auth.token in the gateway's openclaw.json: the credentials differ",
  AUTH_TOKEN_MISSING:
    "give the client the gateway's token, gateway.auth.token in its openclaw.json: OPENCLAW_GATEWAY_TOKEN or --token",
  AUTH_TOKEN_MISMATCH:
    "compare OPENCLAW_GATEWAY_TOKEN and gateway.remote.token with gateway.auth.token in the gateway's openclaw.json: the client's token is not the gateway's",
  AUTH_TOKEN_NOT_CONFIGURED:
    "set gateway.auth.token in the gateway's openclaw.json (`openclaw config set`), then restart the gateway: it has no token",
  AUTH_PASSWORD_MISSING: "give the client the gateway's password: OPENCLAW_GATEWAY_PASSWORD or --password",
  AUTH_PASSWORD_MISMATCH:
    "compare OPENCLAW_GATEWAY_PASSWORD with gateway.auth.password in the gateway's openclaw.json: the client's password is not the gateway's",
  AUTH_DEVICE_TOKEN_MISMATCH: "connect once with the gateway's token: the device's own is no longer valid",
  AUTH_BOOTSTRAP_TOKEN_INVALID: "make a new setup code (`openclaw qr`): this one is used or expired",
  CONTROL_UI_BUILD_MISMATCH: "reload the page: its build differs from the gateway's",
  proxy_attribution_required:
    "point --gateway at the gateway itself, with no proxy between it and the shim: it still saw forwarding headers",
  "rate-limited": "fix the client's token, then retry in {value}: too many attempts failed",
  "origin-rejected":
    "if you trust the page's origin, start openclaw-shim with --allow-origin ORIGIN, or add it to gateway.controlUi.allowedOrigins",
  "protocol-mismatch": "update the older of client and gateway (`openclaw --version`): their releases differ",
  "gateway-starting": "retry in {value}: the gateway is still starting",
  "gateway-refused":
    "read the gateway's log (`openclaw logs --follow`) and check the path: it refused the upgrade with HTTP {value}",
  "gateway-unreachable": "check `openclaw gateway status`, the gateway's log and --gateway: nothing responds",
  "gateway-closed": "read the gateway's log (`openclaw logs --follow`): it closed the connection then",
  "invalid-connect":
    "compare `openclaw --version` of client and gateway, and update the older: the gateway rejects the client's connect request (close.reason says what)",
  abandoned: "read the client's log: it disconnected first; if it stopped waiting, raise its timeout",
  "not-gateway-protocol":
    "nothing, if this path belongs to a plugin, canvas or worker; else make the client connect to the gateway's own path",
} as const satisfies Readonly<Record<string, string>>;

// With a state folder of its own, OpenClaw's CLI is a device that has no pending request (docs/gateway.md section 5).
const APPROVER =
  "OPENCLAW_CONFIG_PATH=${OPENCLAW_CONFIG_PATH:-${OPENCLAW_STATE_DIR:-~/.openclaw}/openclaw.json} OPENCLAW_STATE_DIR=~/.openclaw-approver";

/** Every shell command that advice can have, each tried on real gateways (test/gateway/printed-command.test.ts); 2026.2 reads no URL variable. */
export const SHELL_COMMANDS = {
  "approve-device": `${APPROVER} openclaw devices approve {value}`,
  "approve-node": `${APPROVER} openclaw nodes approve {value}`,
  "untrust-proxies": "openclaw config unset gateway.trustedProxies",
  "approve-local": "openclaw config set gateway.nodes.pairing.autoApproveLocal true",
  "start-shim": "{value}",
  "set-port": "export OPENCLAW_GATEWAY_PORT={value}",
  "unset-url": "unset OPENCLAW_GATEWAY_URL; export OPENCLAW_GATEWAY_PORT={value}",
  "set-url": "export OPENCLAW_GATEWAY_URL=ws://127.0.0.1:{value} OPENCLAW_GATEWAY_PORT={value}",
  "set-remote-url": "openclaw config set gateway.remote.url ws://127.0.0.1:{value}",
} as const;
