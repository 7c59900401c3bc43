import { get, type IncomingMessage, type RequestOptions } from "node:http";
import { errorCode, messageOf } from "../text/printable.ts";

/**
 * Sends one GET request and reads the response, at most about `maxBody` UTF-16 units of its body.
 *
 * @param signal ends the exchange; the failure's code is then `TIMEOUT`
 * @returns the response, or why there is none, with the code of the system or of Node
 */
export async function httpGet(
  url: string,
  options: Omit<RequestOptions, "signal">,
  maxBody: number,
  signal: AbortSignal,
) {
  let body = "";
  let response: IncomingMessage | undefined;
  try {
    response = await new Promise<IncomingMessage>((resolve, reject) => {
      // After a 101 Node only closes the connection, without an error and beyond the reach of the signal.
      const upgraded = Object.assign(new Error("101 to a request without Upgrade"), {
        code: "HPE_PAUSED_UPGRADE",
      });
      get(url, { ...options, signal }, resolve)
        .on("error", reject)
        .on("close", () => reject(upgraded));
    });
    response.setEncoding("utf8");
    for await (const part of response) {
      body += part;
      if (body.length > maxBody) break;
    }
  } catch (error) {
    if (signal.aborted) return { failure: { code: "TIMEOUT", message: "no response in time" } };
    if (!response) return { failure: { code: errorCode(error), message: messageOf(error) } };
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}
