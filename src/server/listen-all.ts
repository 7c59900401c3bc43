import type { Connections } from "./connections.ts";
import { listen, type Listener, type ListenerHandlers } from "./listener.ts";
import type { Settings } from "../settings/settings.ts";
import { checkHandedOver, type HandedOver } from "./socket-activation.ts";

/**
 * Binds every address of the settings, or none; where sockets are handed over, they take their place.
 *
 * @throws the system's error where an address cannot be bound, SettingsError for a handed-over socket that may not be
 */
export async function listenAll(
  settings: Settings,
  handedOver: readonly HandedOver[],
  handlers: ListenerHandlers,
  connections: Connections,
): Promise<Listener[]> {
  const { listen: addresses, maxConnections } = settings;
  const listeners: Listener[] = [];
  try {
    for (const socket of handedOver) {
      const listener = await listen(socket, { maxConnections, handlers, connections });
      listeners.push(listener);
      checkHandedOver(socket, listener, settings);
    }
    for (const address of handedOver.length > 0 ? [] : addresses) {
      const listener = await listen(address, { maxConnections, handlers, connections }).catch(
        (error: NodeJS.ErrnoException) => {
          if (address.optional && isAbsent(error)) return undefined;
          throw error;
        },
      );
      if (listener) listeners.push(listener);
    }
  } catch (error) {
    for (const listener of listeners) listener.stop();
    connections.destroy();
    throw error;
  }
  return listeners;
}

/** The machine has no such address: no IPv6 at all, or no ::1. */
function isAbsent({ code }: NodeJS.ErrnoException): boolean {
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EINVAL";
}
