import { writeFileSync } from "node:fs";
import { firstLineOf, FORWARDING_FIELDS, type ProxyProgram } from "./program.ts";

/** nginx with one worker, as the shim is one process, and Debian's defaults. */
export const nginx: ProxyProgram = {
  name: "nginx",
  version: firstLineOf("nginx", "-v"),
  command: ({ listen, gateway, dir }) => {
    const deleted = [...FORWARDING_FIELDS, "Sec-WebSocket-Extensions"].map(
      (field) => `proxy_set_header ${field} "";`,
    );
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (kind) => `${kind}_temp_path ${dir}/${kind};`,
    );
    const config = `
      daemon off;
      worker_processes 1;
      worker_rlimit_nofile 16384;
      pid ${dir}/nginx.pid;
      error_log stderr;
      events { worker_connections 8192; }
      http {
        access_log off;
        ${temporary.join("\n        ")}
        # Without these it closes the gateway's connection after each request, and the client's after 1,000.
        upstream gateway { server 127.0.0.1:${gateway}; keepalive 32; }
        keepalive_requests 1000000;
        map $http_upgrade $connection_field { default upgrade; "" ""; }
        server {
          listen 127.0.0.1:${listen} backlog=4096;
          location / {
            proxy_pass http://gateway;
            proxy_http_version 1.1;
            proxy_read_timeout 1h;
            proxy_send_timeout 1h;
            proxy_set_header Host 127.0.0.1:${gateway};
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_field;
            ${deleted.join("\n            ")}
          }
        }
      }`;
    writeFileSync(`${dir}/nginx.conf`, config);
    return ["nginx", "-p", dir, "-e", "stderr", "-c", `${dir}/nginx.conf`];
  },
};
