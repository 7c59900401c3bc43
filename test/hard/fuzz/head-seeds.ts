const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n";

/** Heads to begin with, good and bad. */
export const HEAD_SEEDS: readonly [string, ...string[]] = [
  `GET / HTTP/1.1\r\nHost: 127.0.0.1:18788\r\n${UPGRADE}\r\n`,
  `GET /ws?token=x HTTP/1.1\r\nHost: sb.vercel.run\r\nX-Forwarded-For: 203.0.113.7, 10.0.0.1\r\nVia: 1.1 p\r\n${UPGRADE}\r\n`,
  `GET / HTTP/1.1\r\nHost: localhost:18788\r\nOrigin: http://localhost:18788\r\n${UPGRADE}\r\n`,
  `GET / HTTP/1.1\r\nHost: 192.0.2.1:18788\r\nOrigin: http://192.0.2.1:18788\r\n${UPGRADE}\r\n`,
  `GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example\r\nForwarded: for=1.2.3.4\r\n${UPGRADE}\r\n`,
  "GET /health HTTP/1.1\r\nHost: box.lan\r\nTailscale-User-Login: a@b\r\n\r\n",
  "POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  "POST /v1/x HTTP/1.1\r\nHost: [::1]:18788\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "DELETE / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade, x-a\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "CONNECT 127.0.0.1:18789 HTTP/1.1\r\nHost: 127.0.0.1:18789\r\n\r\n",
  "GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "GET / HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

/** What heads are made of, and what proxies and parsers have stumbled on. */
export const HEAD_WORDS: readonly [string, ...string[]] = [
  ...(["\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", ";", "%00", "\u00ff", "\r\n\r\n", "\r\n "] as const),
  ...["Host: ", "Origin: ", "Connection: ", "Upgrade: ", "Content-Length: ", "Transfer-Encoding: "],
  ...["Host: evil.example\r\n", "Host: 127.0.0.1.\r\n", "Host: 0x7f.1\r\n", "Host: [::ffff:127.0.0.1]\r\n"],
  ...["Origin: null\r\n", "Origin: http://127.1\r\n", "Origin: http://localhost.\r\n", "Origin: file://\r\n"],
  ...["Origin: http://[::1]:18788\r\n", "Origin: https://APP.example\r\n", "Origin:\r\n"],
  ...[
    "X-Forwarded-For: 8.8.8.8\r\n",
    "X_Forwarded_For:\r\n",
    "x-forwarded-port: 1\r\n",
    "X-Real-IP: ::1\r\n",
  ],
  ...[
    'Forwarded: for="[2001:db8::1]:1"\r\n',
    "CF-Connecting-IP: a\r\n",
    "Tailscale-User-Name: x\r\n",
    "Via:\r\n",
  ],
  ...["True-Client-IP: 1.1.1.1\r\n", "Fly-Client-IP: x\r\n", "X-Vercel-Id: x\r\n", "X-Original-Host: x\r\n"],
  ...[
    "Connection: origin\r\n",
    "Connection: host, close\r\n",
    "Connection: sec-websocket-key\r\n",
    "Proxy-Connection: x\r\n",
  ],
  ...[
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: identity\r\n",
  ],
  ...[
    "Content-Length: 0\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: -1\r\n",
    "Upgrade: h2c\r\n",
    "TE: trailers\r\n",
  ],
  ...[
    "Upgrade: websocket\r\n",
    "upgrade: WebSocket, x\r\n",
    "Sec-WebSocket-Extensions: permessage-deflate\r\n",
  ],
  ...[
    "GET /",
    "POST /",
    "HEAD ",
    "OPTIONS * ",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    " HTTP/0.9\r\n",
    "//evil.example/",
  ],
  ...[
    "/__shim__/health",
    "/../",
    "/%2e%2e/",
    "?token=x",
    "#x",
    "127.0.0.1",
    "localhost",
    "[::1]",
    ":18788",
    ":99999",
  ],
];
