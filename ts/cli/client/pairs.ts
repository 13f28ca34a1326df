import { UsageError } from '../usage-error.js';

/** `name=value` as options give it; the value may be empty or hold more of `=`. */
export function parsePair(option: string, text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new UsageError(`--${option} wants name=value, not "${text}"`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** Pairs whose names may not repeat. */
export function parseRecord(option: string, texts: readonly string[]): Readonly<Record<string, string>> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const [name, value] = parsePair(option, text);
    if (pairs.has(name)) throw new UsageError(`--${option} names ${name} twice`);
    pairs.set(name, value);
  }
  return Object.fromEntries(pairs);
}
