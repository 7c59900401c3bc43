import type { SHELL_COMMANDS } from "./error-table.ts";

// The approver's, for cmd.exe, which PowerShell can start.
const WINDOWS_APPROVER =
  "(if not defined OPENCLAW_CONFIG_PATH (if defined OPENCLAW_STATE_DIR (set OPENCLAW_CONFIG_PATH=%OPENCLAW_STATE_DIR%\\openclaw.json) else (set OPENCLAW_CONFIG_PATH=%USERPROFILE%\\.openclaw\\openclaw.json)))& set OPENCLAW_STATE_DIR=%USERPROFILE%\\.openclaw-approver&";

/** The commands of `SHELL_COMMANDS` that differ on Windows: for PowerShell, the first one also for cmd.exe. */
export const WINDOWS_COMMANDS: Partial<Readonly<Record<keyof typeof SHELL_COMMANDS, string>>> = {
  "approve-device": `cmd /c "${WINDOWS_APPROVER} openclaw devices approve {value}"`,
  "approve-node": `cmd /c "${WINDOWS_APPROVER} openclaw nodes approve {value}"`,
  "set-port": "$env:OPENCLAW_GATEWAY_PORT = '{value}'",
  "unset-url": "$env:OPENCLAW_GATEWAY_URL = ''; $env:OPENCLAW_GATEWAY_PORT = '{value}'",
  "set-url": "$env:OPENCLAW_GATEWAY_URL = 'ws://127.0.0.1:{value}'; $env:OPENCLAW_GATEWAY_PORT = '{value}'",
};
