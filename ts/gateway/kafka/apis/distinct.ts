// Who asks for the same a million times gets it once: what is small to ask may be large to answer.

export function distinct<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

export interface AskedPartitions {
  readonly name: string;
  readonly partitions: readonly number[];
}

/** Each topic and each of its partitions once, in their order. */
export function distinctPartitions(asked: readonly AskedPartitions[]): readonly AskedPartitions[] {
  const byName = new Map<string, Set<number>>();
  for (const { name, partitions } of asked) {
    const known = byName.get(name) ?? new Set();
    for (const partition of partitions) known.add(partition);
    byName.set(name, known);
  }
  return [...byName].map(([name, partitions]) => ({ name, partitions: [...partitions] }));
}
