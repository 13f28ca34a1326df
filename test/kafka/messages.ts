import { readFileSync } from 'node:fs';
import type { HeldPiece } from '../../ts/model/ports.js';
import type { Api, Message } from '../../ts/wire/kafka/api.js';
import type { Fields } from '../../ts/wire/kafka/field.js';
import { type Encoded, Writer } from '../../ts/wire/kafka/writer.js';

export interface Versioned {
  readonly api: Api;
  readonly kind: 'request' | 'response';
  readonly version: number;
  /** As "request v3". */
  readonly title: string;
  readonly message: Message<Fields>;
}

/** Both messages of an API in every version that is served. */
export function versionsOf(api: Api): readonly Versioned[] {
  const [first, last] = api.served;
  const versions = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return (['request', 'response'] as const).flatMap((kind) =>
    versions.map((version) => ({ api, kind, version, title: `${kind} v${version}`, message: api[kind] })),
  );
}

export function encoded({ message, version }: Versioned, value: unknown): Uint8Array {
  const writer = new Writer();
  message.encode(version, value as never, writer);
  return joined(writer.finish());
}

/** What goes over a socket: bytes of spans are zeros here, but those of a span that holds some in memory. */
export function joined({ bytes, gaps, size }: Encoded): Uint8Array {
  const whole = new Uint8Array(size);
  let from = 0;
  let at = 0;
  for (const { position, span } of gaps) {
    whole.set(bytes.subarray(from, position), at);
    at += position - from;
    if ('bytes' in span && span.bytes instanceof Uint8Array) whole.set(span.bytes, at);
    if ('pieces' in span) whole.set(heldIn(span.pieces as readonly HeldPiece[]), at);
    at += span.size;
    from = position;
  }
  whole.set(bytes.subarray(from), at);
  return whole;
}

/** What a gateway sends from where it lies; zeros for what is in a file. */
function heldIn(pieces: readonly HeldPiece[]): Uint8Array {
  return Buffer.concat(pieces.map((piece) => piece.bytes() ?? Buffer.alloc(piece.size)));
}

/** As 00-produce. */
export function fileNameOf({ key, name }: Api): string {
  const kebab = name.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase();
  return `${String(key).padStart(2, '0')}-${kebab}`;
}

/** Where messages that Kafka's own classes made are frozen, see test/golden/kafka/README.md. */
const golden = new URL('../golden/kafka/', import.meta.url);

/** One object to a line. */
export function goldenLines<T>(api: Api): readonly T[] {
  const text = readFileSync(new URL(`${fileNameOf(api)}.jsonl`, golden), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

export function goldenErrors(): unknown {
  return JSON.parse(readFileSync(new URL('error-codes.json', golden), 'utf8'));
}
