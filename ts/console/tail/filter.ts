import type { SourceRecord } from './row.js';

// What is typed into the filter: words that must all occur, in any case of letters. "two words" is one, -word must not occur,
// key:word, value:word and header:word look in one place only.

type Place = 'key' | 'value' | 'header' | 'any';

interface Term {
  readonly place: Place;
  /** In lower case. */
  readonly text: string;
  readonly isExcluded: boolean;
}

export interface Filter {
  readonly isEmpty: boolean;
  matches(record: Pick<SourceRecord, 'key' | 'value' | 'headers'>): boolean;
}

const decoder = new TextDecoder();

export function filterOf(query: string): Filter {
  const terms = termsOf(query);
  if (terms.length === 0) return { isEmpty: true, matches: () => true };
  return {
    isEmpty: false,
    matches: (record) => {
      const texts = new Texts(record);
      return terms.every(({ place, text, isExcluded }) => texts.includes(place, text) !== isExcluded);
    },
  };
}

export function termsOf(query: string): readonly Term[] {
  const terms: Term[] = [];
  for (const match of query.matchAll(/(-?)(?:(key|value|header):)?(?:"([^"]*)"?|(\S+))/gi)) {
    const [, minus, place, quoted, bare] = match;
    const text = (quoted ?? bare ?? '').toLowerCase();
    if (text === '') continue;
    terms.push({ place: (place?.toLowerCase() as Place | undefined) ?? 'any', text, isExcluded: minus === '-' });
  }
  return terms;
}

/** Texts of one record, made when first asked for. */
class Texts {
  readonly #record: Pick<SourceRecord, 'key' | 'value' | 'headers'>;
  #key: string | undefined;
  #value: string | undefined;

  constructor(record: Pick<SourceRecord, 'key' | 'value' | 'headers'>) {
    this.#record = record;
  }

  includes(place: Place, text: string): boolean {
    if (place === 'key') return this.#keyText().includes(text);
    if (place === 'value') return this.#valueText().includes(text);
    if (place === 'header') return this.#hasHeader(text);
    return this.#valueText().includes(text) || this.#keyText().includes(text) || this.#hasHeader(text);
  }

  #keyText(): string {
    this.#key ??= textOf(this.#record.key);
    return this.#key;
  }

  #valueText(): string {
    this.#value ??= textOf(this.#record.value);
    return this.#value;
  }

  /** Headers are found by "name=value", so by either and by both. */
  #hasHeader(text: string): boolean {
    return this.#record.headers.some(({ name, value }) => `${name.toLowerCase()}=${textOf(value)}`.includes(text));
  }
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? '' : decoder.decode(bytes).toLowerCase();
}
