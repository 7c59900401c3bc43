let tasks: (() => void)[] = [];

/**
 * Runs a task when the other events of this turn of the event loop are handled, together with all such tasks. Writes that
 * follow each other directly wake the process that reads them once, and not once each.
 */
export function afterTurn(task: () => void): void {
  if (tasks.length === 0) setImmediate(runTasks);
  tasks.push(task);
}

function runTasks(): void {
  const due = tasks;
  tasks = [];
  for (const task of due) task();
}
