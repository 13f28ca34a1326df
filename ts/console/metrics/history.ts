/** What a chart draws: times in seconds, then a column for each line; null is a gap. */
export type Columns = readonly [readonly number[], ...(readonly (number | null)[])[]];

/** The last so many points of a chart. Replaced, never changed, so that whoever draws it sees that it moved. */
export class History {
  readonly #capacity: number;
  readonly columns: Columns;

  private constructor(capacity: number, columns: Columns) {
    this.#capacity = capacity;
    this.columns = columns;
  }

  static of(lines: number, capacity: number): History {
    return new History(capacity, [[], ...Array.from({ length: lines }, () => [])]);
  }

  with(timeMs: number, values: readonly (number | undefined)[]): History {
    const [times, ...lines] = this.columns;
    // A clock that was set back would make a line that runs backwards.
    const isBack = times.length > 0 && timeMs / 1000 <= (times.at(-1) ?? 0);
    const from = isBack ? times.length : Math.max(0, times.length + 1 - this.#capacity);
    const moved = lines.map((line, index) => [...line.slice(from), values[index] ?? null]);
    return new History(this.#capacity, [[...times.slice(from), timeMs / 1000], ...moved]);
  }

  /** The newest value of a line, unless it is a gap. */
  last(line: number): number | undefined {
    return this.columns[line + 1]?.at(-1) ?? undefined;
  }
}
