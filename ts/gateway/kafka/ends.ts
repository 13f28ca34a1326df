import { type CloseCode, closeCodes } from '../../native/net-words.js';

// How connections of Kafka clients end.

export { type CloseCode, closeCodes };

/** Of these nobody is told: they are how connections end. */
const usualEnds: ReadonlySet<CloseCode> = new Set(['peer-closed', 'peer-reset', 'asked', 'drained', 'idle']);

export function isUsualEnd(code: CloseCode): boolean {
  return usualEnds.has(code);
}

const sentences: Readonly<Partial<Record<CloseCode, string>>> = {
  'cut-frame': 'it ended inside a request',
  'negative-size': 'a request of negative size: this is not Kafka’s protocol',
  'too-large': 'a request larger than any may be',
  http: 'this is HTTP: the gateway has its own port',
  tls: 'this is TLS, which is not spoken here',
  'slow-frame': 'its request came too slowly while others waited for the memory',
  'room-refused': 'no memory for its request',
};

/** For the log: whoever reads it did not see the bytes. */
export function textOfEnd(code: CloseCode, errno: number, first: string | undefined): string {
  const sentence = sentences[code] ?? `${code} ${errno}`;
  return first === undefined ? sentence : `${sentence} (it began with ${JSON.stringify(first)})`;
}
