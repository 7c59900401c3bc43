/**
 * Removes an item from a list of things that come and go. Not a Map, Set or WeakMap: V8 moves their tables to the old
 * generation, and an old table references the next one (or the values in it), so each entry with all that it references
 * would survive until the next full garbage collection (bench/README.md, "Optimisations tried").
 *
 * @returns false if it is not in the list
 */
export function removeFrom<T>(list: T[], item: T): boolean {
  const at = list.indexOf(item);
  if (at !== -1) list.splice(at, 1);
  return at !== -1;
}
