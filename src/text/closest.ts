/**
 * Returns the candidate that `name` was most likely meant to be: the one with the smallest edit distance, if at most a
 * third of its letters differ. Case, dashes and underscores do not count.
 */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  const near = candidates.flatMap((candidate) => {
    const letters = lettersOf(candidate);
    const distance = editDistance(lettersOf(name), letters);
    return distance <= Math.max(1, Math.floor(letters.length / 3)) ? [{ candidate, distance }] : [];
  });
  return near.sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

function lettersOf(name: string): string {
  return name.replace(/[-_]/g, "").toLowerCase().slice(0, 64);
}

/** Levenshtein: the insertions, deletions and substitutions that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const substituted = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
