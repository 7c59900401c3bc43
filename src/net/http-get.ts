import { request as requestHttp, type IncomingHttpHeaders } from "node:http";
import { request as requestHttps } from "node:https";

/** A response to a GET, as far as it was read. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Enough for the last 200 outcomes of a shim. */
const MAX_BODY = 1024 * 1024;

/**
 * Sends one GET on a connection of its own, without following redirects.
 * @param timeoutMs deadline for the whole exchange
 * @returns the response, or why there is none: a system error's code, or `no response`
 */
export function httpGet(
  url: URL,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<HttpResponse | { readonly failure: string }> {
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const settle = (result: HttpResponse | { failure: string }): void => {
      clearTimeout(deadline);
      request.destroy();
      resolve(result);
    };
    const request = send(url, { headers, agent: false });
    const deadline = setTimeout(() => settle({ failure: "no response" }), timeoutMs);
    request.on("error", (error: NodeJS.ErrnoException) => settle({ failure: error.code ?? "no response" }));
    request.on("response", (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      const done = (): void =>
        settle({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        });
      response.on("data", (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes > MAX_BODY) done();
      });
      response.on("end", done);
      response.on("error", done);
    });
    request.end();
  });
}
