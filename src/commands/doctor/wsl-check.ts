import { release } from "node:os";
import { isLoopbackName } from "../../net/authority.ts";
import { runSystemProgram } from "../../net/system-program.ts";
import type { DoctorContext } from "./doctor-context.ts";
import { list, note, type Results } from "./finding.ts";

const MIRRORED = "set networkingMode=mirrored in .wslconfig of Windows and run `wsl --shutdown`";

/** Judges whether the gateway is on the other side of WSL, where it has another loopback or other files. */
export async function checkWsl({ env, settings, gateway }: DoctorContext): Results {
  const { listener, plain } = await gateway();
  const { host, url } = settings.gateway;
  if (!isLoopbackName(host)) return [];
  const isUnreachable = plain.outcome === "gateway-unreachable";
  if (process.platform === "win32") {
    const inside = "install the shim inside WSL, as on Linux: there it finds the gateway's openclaw.json";
    if (listener && /^wsl/i.test(listener.program))
      return note(`the gateway runs inside WSL; ${listener.shown} forwards its port`, inside);
    const running = isUnreachable || !listener ? distributions() : [];
    if (running.length === 0) return [];
    if (!isUnreachable)
      return note(
        `no program of Windows is seen at ${url}, and WSL runs ${list(running)}: the gateway seems to run inside WSL, with mirrored networking`,
        inside,
      );
    return note(
      `nothing responds at ${url} on Windows, and WSL runs ${list(running)}`,
      `if the gateway is in there, ${inside}; or ${MIRRORED}`,
    );
  }
  const isWsl = env["WSL_DISTRO_NAME"] !== undefined || /microsoft/i.test(release());
  if (!isWsl || !isUnreachable) return [];
  return note(
    `this is WSL, and with NAT networking ${url} is not the loopback of Windows`,
    `if the gateway runs on Windows, install the shim there; or ${MIRRORED}`,
  );
}

/** Returns the distributions that run. Docker's have no gateway. */
function distributions(): string[] {
  try {
    // UTF-16 without a BOM; names are ASCII.
    const printed = runSystemProgram("wsl", "--list", "--running", "--quiet").replaceAll("\0", "");
    return printed
      .split(/\r?\n/)
      .filter((name) => /^[\w.-]+$/.test(name) && !name.startsWith("docker-desktop"));
  } catch {
    return [];
  }
}
