/** What a scenario measured, one JSON object per line of its output. */
export interface Figure {
  readonly scenario: string;
  readonly case: string;
  /** Rule 24 of DURABILITY.md: taken with the cores kept awake, without, or where it does not matter. */
  readonly spinners: Spinners;
  /** Other words: what an ack guaranteed, how it was synced. */
  readonly texts: Readonly<Record<string, string>>;
  readonly numbers: Readonly<Record<string, number>>;
}

export type Spinners = 'off' | 'on' | 'none';

/** A line of a child's output; a sentence if it is not a figure. */
export function parseFigure(line: string): Figure | string {
  const fields = parseObject(line);
  if (fields === undefined) return `not a figure: ${line}`;
  const { scenario, case: caseName, spinners = 'none', ...rest } = fields;
  if (typeof scenario !== 'string' || typeof caseName !== 'string') return `a figure without scenario or case: ${line}`;
  if (spinners !== 'off' && spinners !== 'on' && spinners !== 'none') return `spinners are off or on: ${line}`;
  const entries = Object.entries(rest);
  // What could not be computed comes as null, and is absent then.
  const numbers = entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { scenario, case: caseName, spinners, texts: Object.fromEntries(texts), numbers: Object.fromEntries(numbers) };
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
