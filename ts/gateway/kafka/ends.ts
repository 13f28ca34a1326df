import { type CloseCode, closeCodes, type PartialFrame } from '../../native/net-words.js';

// How connections of Kafka clients end.

export { type CloseCode, closeCodes, type PartialFrame };

/** Whoever made an end of ours has told why. */
const ourEnds: ReadonlySet<CloseCode> = new Set(['asked', 'drained']);
/** How clients leave, between two requests. Inside one it is news: the client, or the way to it, is broken. */
const theirEnds: ReadonlySet<CloseCode> = new Set(['peer-closed', 'peer-reset', 'idle']);

/** Of these nobody is told. */
export function isUsualEnd(code: CloseCode, partial: PartialFrame | undefined): boolean {
  return ourEnds.has(code) || (theirEnds.has(code) && partial === undefined);
}

const sentences: Readonly<Partial<Record<CloseCode, string>>> = {
  'cut-frame': 'it ended inside a request',
  'peer-reset': 'it was reset inside a request',
  idle: 'it fell silent inside a request',
  'negative-size': 'a request of negative size: this is not Kafka’s protocol',
  'too-large': 'a request larger than any may be',
  http: 'this is HTTP: the gateway has its own port',
  tls: 'this is TLS, which is not spoken here',
  'slow-frame': 'its request came too slowly while others waited for the memory',
  'room-refused': 'no memory for its request',
};

export interface End {
  readonly code: CloseCode;
  readonly errno: number;
  readonly first: string | undefined;
  readonly partial: PartialFrame | undefined;
}

/** For the log: whoever reads it did not see the bytes. */
export function textOfEnd({ code, errno, first, partial }: End): string {
  const sentence = sentences[code] ?? `${code} ${errno}`;
  if (first !== undefined) return `${sentence} (it began with ${JSON.stringify(first)})`;
  return partial === undefined ? sentence : `${sentence} (${textOfPartial(partial)})`;
}

function textOfPartial({ receivedSize, size }: PartialFrame): string {
  return size === undefined ? `${receivedSize} bytes of it had come` : `${receivedSize} of ${size} bytes of it had come`;
}
