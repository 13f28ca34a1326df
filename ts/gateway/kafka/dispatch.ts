import { isWithin } from '../../wire/kafka/api.js';
import { CodecError } from '../../wire/kafka/codec-error.js';
import { encodeResponse, readRequestHeader, refuseApiVersions } from '../../wire/kafka/frames.js';
import type { Reader } from '../../wire/kafka/reader.js';
import { apiVersions } from '../../wire/kafka/schema/18-api-versions.js';
import type { Encoded } from '../../wire/kafka/writer.js';
import type { Exchange, Row } from './apis/row.js';
import type { Finished } from './pipeline.js';

/** What stays the same for all requests of a connection. */
export type ConnectionExchange = Omit<Exchange, 'clientId' | 'end'>;

/**
 * One frame: header, row, decode, begin. The answer, or what `end` is told later, is the sentence that says why the connection has to end, if it has to: a request that
 * nobody here understands has no answer that its client would, and what cannot be decoded is no protocol any more.
 */
export function dispatch(
  rows: ReadonlyMap<number, Row>,
  exchange: ConnectionExchange,
  reader: Reader,
  reply: (finished: Finished) => void,
  end: (reason: string) => void,
): string | undefined {
  try {
    return begin(rows, exchange, reader, reply, end);
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
  end: (reason: string) => void,
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
  // What a client chose and is told again, as a name, may have no room in the answer of its version: that ends this connection alone.
  const answer = (encode: () => Encoded, sent: () => void) => {
    let encoded: Encoded;
    try {
      encoded = encode();
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      sent();
      end(error.message);
      return;
    }
    reply({ encoded, sent });
  };
  const { verbs, advertised, clientHost, inTurn, sessions } = exchange;
  row.begin(
    { verbs, advertised, clientHost, inTurn, sessions, clientId, end },
    request,
    (value, sent = nothing) => {
      if (value === undefined) reply({ encoded: undefined, sent });
      else answer(() => encodeResponse(api, version, correlationId, value), sent);
    },
    version,
  );
  return undefined;
}

const nothing = () => undefined;
