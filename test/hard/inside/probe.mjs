// Preloaded into the shim's process (node --import): blocks the event loop and reports the process's resources over IPC.
import { createHook } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { queryObjects } from "node:v8";

const timers = new Set();
createHook({
  init: (id, type) => type === "Timeout" && timers.add(id),
  destroy: (id) => timers.delete(id),
}).enable();

/** Returns the number of listeners of an emitter; 0 for other handles. */
function listenersOf(handle) {
  if (!(handle instanceof EventEmitter)) return 0;
  return handle.eventNames().reduce((sum, name) => sum + handle.listenerCount(name), 0);
}

process.on("message", (request) => {
  if (request.stallMs > 0) {
    const end = performance.now() + request.stallMs;
    while (performance.now() < end);
  }
  global.gc();
  const resources = {};
  for (const type of process.getActiveResourcesInfo()) {
    // Timers are counted above, including those with unref().
    if (type.startsWith("TCP")) resources[type] = (resources[type] ?? 0) + 1;
  }
  process.send({
    timers: timers.size,
    // queryObjects collects garbage first.
    emitters: queryObjects(EventEmitter, { format: "count" }),
    // oxlint-disable-next-line no-underscore-dangle -- Node has no public API for its open handles.
    listeners: [process, ...process._getActiveHandles()].reduce(
      (sum, handle) => sum + listenersOf(handle),
      0,
    ),
    resources,
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
  });
});
// The IPC channel must not keep the process running.
process.channel.unref();
