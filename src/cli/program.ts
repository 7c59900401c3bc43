import { basename } from "node:path";
import { SETTINGS } from "../settings/settings.ts";

const NAME = "openclaw-shim";

/**
 * Returns how the user called this program, for commands to copy: its name if it is installed, else Node and the script.
 *
 * @param argv `process.argv`
 */
export function programOf([, script = ""]: readonly string[]): string {
  // In a string, cmd.exe and PowerShell replace or end at these characters.
  const isWindowsPath =
    process.platform === "win32" && !/["%$`!^]|\\node_modules\\openclaw-shim\\/.test(script);
  if (isWindowsPath && script !== "") return `node "${script}"`;
  // A path that a shell could misread is not offered.
  return basename(script) === NAME || !/^\/[\w./@+-]+$/.test(script) ? NAME : `node ${script}`;
}

/** Returns the flags of a gateway that is not the default one, each after a space. */
export function gatewayFlags(url: string, isRemote = false, fingerprint?: string): string {
  return [
    url === SETTINGS.gateway.default[0] ? "" : ` ${flag("gateway", url)}`,
    isRemote ? " --allow-remote-gateway" : "",
    fingerprint === undefined ? "" : ` --gateway-fingerprint sha256:${fingerprint}`,
  ].join("");
}

/** Returns a flag of a command to copy. Quotes `[::1]:18788`, which zsh takes for a pattern. */
export function flag(name: "listen" | "gateway", value: string): string {
  if (/^[\w./:-]+$/.test(value)) return `--${name} ${value}`;
  // Single quotes mean nothing to cmd.exe.
  const quoted = process.platform === "win32" ? `"${value}"` : `'${value.replaceAll("'", "'\\''")}'`;
  return `--${name} ${quoted}`;
}

/** Returns a command that sets the variables that another one prints. */
export function evaluated(command: string): string {
  return process.platform === "win32"
    ? `${command} | Out-String | Invoke-Expression`
    : `eval "$(${command})"`;
}
