import type { Api } from './api.js';
import { apiOf } from './apis.js';
import { kafkaErrors } from './error-codes.js';
import type { Encodable, Fields } from './field.js';
import type { Reader } from './reader.js';
import { apiVersions } from './schema/18-api-versions.js';
import { type Encoded, Writer } from './writer.js';

// A frame is a size of four bytes, which does not count itself, a header and a message. Which header it has follows from key and version
// of the message:
//
//   request   v0  key, version, correlation id: only ControlledShutdown 0, which was older than client ids
//             v1  … and client id, whose size is never compact
//             v2  … and tagged fields, if the message is flexible
//   response  v0  correlation id
//             v1  … and tagged fields, if the message is flexible

const controlledShutdown = 7;

export interface RequestHeader {
  readonly key: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

/** Of keys that have no schema too, as far as one can read those. */
export function requestHeaderVersion(key: number, version: number): 0 | 1 | 2 {
  if (key === controlledShutdown && version === 0) return 0;
  const api = apiOf(key);
  return api !== undefined && version >= api.flexibleFrom ? 2 : 1;
}

/** Whoever asks for versions does not know yet which headers are understood: that answer has the oldest one. */
export function responseHeaderVersion(key: number, version: number): 0 | 1 {
  return key !== apiVersions.key && requestHeaderVersion(key, version) === 2 ? 1 : 0;
}

/**
 * Takes the header of any request, of unknown keys and versions too, so that they can be answered; the message comes behind it.
 * The reader stands behind the frame's size. Throws a `CodecError`.
 */
export function readRequestHeader(reader: Reader): RequestHeader {
  const key = reader.int16();
  const version = reader.int16();
  const correlationId = reader.int32();
  const headerVersion = requestHeaderVersion(key, version);
  const clientId = headerVersion === 0 ? null : readClientId(reader);
  if (headerVersion === 2) skipTagged(reader);
  return { key, version, correlationId, clientId };
}

function readClientId(reader: Reader): string | null {
  const size = reader.int16();
  if (size < -1) reader.fail(`a client id of ${size} bytes`);
  return size === -1 ? null : reader.text(size);
}

function skipTagged(reader: Reader): void {
  for (let left = reader.varint(); left > 0; left--) {
    reader.varint();
    reader.take(reader.varint());
  }
}

/** The whole frame of an answer. Its bytes are the writer's, which is not used again. */
export function encodeResponse<Response extends Fields>(
  api: Api<number, Fields, Response>,
  version: number,
  correlationId: number,
  value: Encodable<Response>,
  writer: Writer = new Writer(),
): Encoded {
  const at = writer.reserve();
  writer.int32(correlationId);
  if (responseHeaderVersion(api.key, version) === 1) writer.varint(0);
  api.response.encode(version, value, writer);
  return sealed(writer, at);
}

/** The whole frame of a request. */
export function encodeRequest<Request extends Fields>(
  api: Api<number, Request>,
  version: number,
  { correlationId, clientId }: Pick<RequestHeader, 'correlationId' | 'clientId'>,
  value: Encodable<Request>,
  writer: Writer = new Writer(),
): Encoded {
  const at = writer.reserve();
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(correlationId);
  if (clientId === null) writer.int16(-1);
  else writer.text(clientId, (to, size) => to.int16(size));
  if (requestHeaderVersion(api.key, version) === 2) writer.varint(0);
  api.request.encode(version, value, writer);
  return sealed(writer, at);
}

function sealed(writer: Writer, at: number): Encoded {
  writer.patch(at, writer.size - at - 4);
  return writer.finish();
}

/**
 * To a client whose version of ApiVersions is not spoken here, whatever came behind its header: the one answer that any client can
 * read. It asks again, with a version out of it.
 */
export function refuseApiVersions(correlationId: number): Encoded {
  const { key: apiKey, advertised } = apiVersions;
  const [minVersion, maxVersion] = advertised;
  const value = { errorCode: kafkaErrors.UNSUPPORTED_VERSION.code, apiKeys: [{ apiKey, minVersion, maxVersion }] };
  return encodeResponse(apiVersions, 0, correlationId, value);
}
