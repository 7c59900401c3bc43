// Preloaded into the shim's own process (node --import): says over IPC what the process holds, and makes its loop stall.
import { createHook } from "node:async_hooks";

const timers = new Set();
createHook({
  init: (id, type) => type === "Timeout" && timers.add(id),
  destroy: (id) => timers.delete(id),
}).enable();

process.on("message", (ask) => {
  if (ask.stallMs > 0) {
    const end = performance.now() + ask.stallMs;
    while (performance.now() < end);
  }
  global.gc();
  const resources = {};
  for (const type of process.getActiveResourcesInfo()) {
    // Timers are counted above, those that do not hold the process too.
    if (type.startsWith("TCP")) resources[type] = (resources[type] ?? 0) + 1;
  }
  process.send({ timers: timers.size, resources, rssMiB: process.memoryUsage.rss() / 2 ** 20 });
});
// The channel holds the process no longer than the shim does.
process.channel.unref();
