const distanceMax = 3;

/** The candidate a mistyped name most likely meant; undefined if none is close. */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of candidates) {
    // Such lengths alone say that they are far apart: what a client may send would take a second to compare.
    if (Math.abs(typed.length - name.length) > distanceMax) continue;
    const distance = editDistance(typed, name);
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  // Half of a short name changed is another name.
  return best !== undefined && best.distance <= Math.min(distanceMax, best.name.length / 2) ? best.name : undefined;
}

/** "; did you mean X?" or nothing: the end of a message about an unknown name. */
export function suggestion(typed: string, candidates: readonly string[], prefix = ''): string {
  const name = nearest(typed, candidates);
  return name === undefined ? '' : `; did you mean ${prefix}${name}?`;
}

// Insertions, deletions and substitutions, row by row; `row[j]` is the distance to the first j characters of b.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(at(row, j) + 1, at(next, j - 1) + 1, substituted));
    }
    row = next;
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
