import { isWithin } from '../../wire/kafka/api.js';
import { CodecError } from '../../wire/kafka/codec-error.js';
import { encodeResponse, readRequestHeader, refuseApiVersions } from '../../wire/kafka/frames.js';
import { Reader } from '../../wire/kafka/reader.js';
import { apiVersions } from '../../wire/kafka/schema/18-api-versions.js';
import type { Exchange, Row } from './apis/row.js';
import type { Finished } from './pipeline.js';

/** What stays the same for all requests of a connection. */
export type ConnectionExchange = Omit<Exchange, 'clientId'>;

/**
 * One frame: header, row, decode, begin. The answer is the sentence that says why the connection has to end, if it has to: a request that
 * nobody here understands has no answer that its client would, and what cannot be decoded is no protocol any more.
 */
export function dispatch(
  rows: ReadonlyMap<number, Row>,
  exchange: ConnectionExchange,
  frame: Uint8Array,
  reply: (finished: Finished) => void,
): string | undefined {
  try {
    return begin(rows, exchange, new Reader(frame), reply);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return error.message;
  }
}

function begin(
  rows: ReadonlyMap<number, Row>,
  exchange: ConnectionExchange,
  reader: Reader,
  reply: (finished: Finished) => void,
): string | undefined {
  const { key, version, correlationId, clientId } = readRequestHeader(reader);
  const row = rows.get(key);
  if (row === undefined) return `API ${key} (version ${version}) is not served here`;
  const { api } = row;
  if (!isWithin(api.served, version)) {
    if (key !== apiVersions.key) return `${api.name} is served in versions ${api.served.join(' to ')}, not ${version}`;
    reply({ encoded: refuseApiVersions(correlationId), sent: nothing });
    return undefined;
  }
  const request = api.request.decode(version, reader);
  const { verbs, advertised, clientHost, fetches } = exchange;
  row.begin(
    { verbs, advertised, clientHost, fetches, clientId },
    request,
    (value, sent = nothing) =>
      reply({ encoded: value === undefined ? undefined : encodeResponse(api, version, correlationId, value), sent }),
    version,
  );
  return undefined;
}

const nothing = () => undefined;
