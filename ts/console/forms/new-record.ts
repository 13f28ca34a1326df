import { bytesOfHex } from '../format/bytes.js';

export type Encoding = 'text' | 'json' | 'hex';

export interface HeaderForm {
  readonly name: string;
  readonly value: string;
}

/** What stands in the form. */
export interface RecordForm {
  readonly key: string;
  readonly value: string;
  readonly encoding: Encoding;
  /** A record without value: in a compacted topic it deletes its key. */
  readonly hasNoValue: boolean;
  /** Empty: chosen by key, or in turn. */
  readonly partition: string;
  readonly headers: readonly HeaderForm[];
}

export interface RecordWish {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly partition: number | undefined;
  readonly headers: readonly (readonly [string, string])[];
}

export type RecordResult =
  | { readonly isValid: true; readonly wish: RecordWish }
  | { readonly isValid: false; readonly field: 'value' | 'headers'; readonly why: string };

const encoder = new TextEncoder();

export function recordWishOf({ key, value, encoding, hasNoValue, partition, headers }: RecordForm): RecordResult {
  const bytes = hasNoValue ? null : bytesOf(value, encoding);
  if (typeof bytes === 'string') return { isValid: false, field: 'value', why: bytes };
  const named = headers.filter((header) => header.name !== '' || header.value !== '');
  if (named.some((header) => header.name === '')) return { isValid: false, field: 'headers', why: 'A header needs a name.' };
  return {
    isValid: true,
    wish: {
      key: key === '' ? null : encoder.encode(key),
      value: bytes,
      partition: partition === '' ? undefined : Number(partition),
      headers: named.map((header) => [header.name, header.value] as const),
    },
  };
}

/** A text is what is wrong. */
function bytesOf(value: string, encoding: Encoding): Uint8Array | string {
  switch (encoding) {
    case 'text':
      return encoder.encode(value);
    case 'hex':
      return bytesOfHex(value) ?? 'Bytes are pairs of hexadecimal digits: 00 ff 7a.';
    case 'json':
      try {
        JSON.parse(value);
        return encoder.encode(value);
      } catch (error) {
        return `This is no JSON: ${error instanceof Error ? error.message : String(error)}`;
      }
  }
}
