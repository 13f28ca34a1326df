import type { Api } from '../../ts/wire/kafka/api.js';
import type { Decoded, Encodable, Fields } from '../../ts/wire/kafka/field.js';
import { encodeRequest, responseHeaderVersion } from '../../ts/wire/kafka/frames.js';
import { Reader } from '../../ts/wire/kafka/reader.js';
import { joined } from './messages.js';

/** Whatever takes frames, without their sizes, and answers them. */
export interface Peer {
  answer(frame: Uint8Array, thread?: number): Promise<Uint8Array>;
}

export interface Asking {
  readonly clientId?: string;
  /** Whose door; 0. */
  readonly thread?: number;
}

const sizeHead = 4;
let requests = 0;

/** One request as a client sends it, and what the client reads out of the answer: bytes and records are views on its frame. */
export async function ask<Request extends Fields, Response extends Fields>(
  peer: Peer,
  api: Api<number, Request, Response>,
  version: number,
  value: Encodable<Request>,
  { clientId = 'client-1', thread = 0 }: Asking = {},
): Promise<Decoded<Response>> {
  requests += 1;
  const correlationId = requests;
  const frame = joined(encodeRequest(api, version, { correlationId, clientId }, value)).subarray(sizeHead);
  const reader = new Reader(await peer.answer(frame, thread));
  const answered = reader.int32();
  if (answered !== correlationId) throw new Error(`answer ${answered} came in the place of ${correlationId}`);
  if (responseHeaderVersion(api.key, version) === 1) reader.varint();
  return api.response.decode(version, reader);
}
