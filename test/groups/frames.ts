import type { Api } from '../../ts/wire/kafka/api.js';
import type { Decoded, Encodable, Fields } from '../../ts/wire/kafka/field.js';
import { encodeRequest, responseHeaderVersion } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';

/** Whatever takes frames, without their sizes, and answers them. */
export interface Peer {
  ask(frame: Uint8Array, thread?: number): Promise<Uint8Array>;
}

export interface Asking {
  readonly clientId?: string;
  /** Whose door; 0. */
  readonly thread?: number;
}

/** One request as a client sends it, and what the client reads out of the answer. */
export async function ask<Request extends Fields, Response extends Fields>(
  peer: Peer,
  api: Api<number, Request, Response>,
  version: number,
  value: Encodable<Request>,
  { clientId = 'client-1', thread = 0 }: Asking = {},
): Promise<Decoded<Response>> {
  const correlationId = 77;
  const { bytes } = encodeRequest(api, version, { correlationId, clientId }, value);
  const reader = new Reader(await peer.ask(bytes.slice(4), thread));
  if (reader.int32() !== correlationId) throw new Error('the answer to another request');
  if (responseHeaderVersion(api.key, version) === 1) reader.varint();
  return api.response.decode(version, reader);
}

/** Asks until the coordinator has read its log. */
export async function whenLoaded<T>(answer: () => Promise<T>, codeOf: (answer: T) => number): Promise<T> {
  for (let count = 0; count < 1000; count++) {
    const answered = await answer();
    if (codeOf(answered) !== 14) return answered;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error('its log is never read');
}
