// Preloaded into the shim's own process (node --import): says over IPC what the process holds, and makes its loop stall.
import { createHook } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { queryObjects } from "node:v8";

const timers = new Set();
createHook({
  init: (id, type) => type === "Timeout" && timers.add(id),
  destroy: (id) => timers.delete(id),
}).enable();

/** On all its events; handles that are no emitters have none. */
function listenersOf(held) {
  if (!(held instanceof EventEmitter)) return 0;
  return held.eventNames().reduce((sum, name) => sum + held.listenerCount(name), 0);
}

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
  process.send({
    timers: timers.size,
    // Those that nothing holds any more are collected for the count.
    emitters: queryObjects(EventEmitter, { format: "count" }),
    // oxlint-disable-next-line no-underscore-dangle -- Node has no other way to its open handles.
    listeners: [process, ...process._getActiveHandles()].reduce((sum, held) => sum + listenersOf(held), 0),
    resources,
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
  });
});
// The channel holds the process no longer than the shim does.
process.channel.unref();
