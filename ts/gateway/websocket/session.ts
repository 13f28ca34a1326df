import { type ErrorName, errors } from '../../model/errors.js';
import type { Failure } from '../../model/ports.js';
import type { ClientMessage } from '../../wire/proto/generated/messages.js';

// One connection's protocol: what may come next, and what is owed. Pure: every event gives one verdict, and the connection acts.
//
//   greeting ──hello──► open ──anything wrong, idle, the node's end──► closing
//
// From the node's goodbye on nothing begins any more; what is under way is still answered.
//
// What a client may do wrong once it is told of in an answer; what shows that the two do not speak the same language closes.

export type BodyName = NonNullable<ClientMessage['body']>;

/** What the server announces and holds to. */
export interface SessionLimits {
  readonly messageSizeMax: number;
  readonly batchSizeMax: number;
  readonly requestsMax: number;
  readonly produceSizeInFlightMax: number;
  readonly subscriptionsMax: number;
  readonly creditMax: number;
  readonly fetchSizeMax: number;
  readonly idleMsMax: number;
  /** Not announced: how long a connection may take to say hello. */
  readonly helloMsMax: number;
}

/** What a connection that ends with this error is closed with; docs/PROTOCOL.md tells what to make of it. */
export const closeCodeOf = (error: ErrorName) => 4000 + errors[error].code;

/** WebSocket's own code for a message that is too large: what its libraries say where they notice first. */
export const tooBig = 1009;

export type Verdict =
  /** Welcome it. */
  | { readonly do: 'welcome' }
  /** The request begins. */
  | { readonly do: 'begin' }
  /** The request is answered with this and does not begin. */
  | { readonly do: 'refuse'; readonly failure: Failure }
  /** Say this and close. */
  | { readonly do: 'close'; readonly code: number; readonly failure: Failure }
  | { readonly do: 'nothing' };

const welcome: Verdict = { do: 'welcome' };
const begin: Verdict = { do: 'begin' };
const nothing: Verdict = { do: 'nothing' };

/** The highest version of the protocol, and the only one. */
export const protocolVersion = 1;

export interface Incoming {
  readonly requestId: number;
  /** Undefined: one that this version does not know. */
  readonly body: BodyName | undefined;
  /** Of the whole message. */
  readonly size: number;
  /** Of a hello. */
  readonly version?: number | undefined;
}

export class Session {
  readonly #limits: SessionLimits;
  readonly #openedMs: number;
  #phase: 'greeting' | 'open' | 'closing' = 'greeting';
  #isDraining = false;
  #lastMs: number;
  // Requests without an answer: most connections have none or one, and pay for no map.
  #only = 0;
  #onlySize = 0;
  #others: Map<number, number> | undefined;
  #produceSize = 0;

  constructor(limits: SessionLimits, nowMs: number) {
    this.#limits = limits;
    this.#openedMs = nowMs;
    this.#lastMs = nowMs;
  }

  get isClosing(): boolean {
    return this.#phase === 'closing';
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  get requestsCount(): number {
    return (this.#only === 0 ? 0 : 1) + (this.#others?.size ?? 0);
  }

  get produceSize(): number {
    return this.#produceSize;
  }

  onText(): Verdict {
    return this.#close({ error: 'malformed', message: 'messages are binary: this one was text' });
  }

  onTooLarge(size: number): Verdict {
    const message = `a message of ${size} bytes; at most ${this.#limits.messageSizeMax} are taken`;
    return this.#close({ error: 'limit-exceeded', message }, tooBig);
  }

  onMalformed(message: string): Verdict {
    return this.#close({ error: 'malformed', message });
  }

  onInternal(): Verdict {
    return this.#close({ error: 'internal' });
  }

  /** What was sent to it lies here unread, beyond measure. */
  onUnread(): Verdict {
    return this.#close({ error: 'limit-exceeded', message: 'answers are not read' });
  }

  /** The node goes down: what is under way is answered, nothing more begins. */
  onGoodbye(): void {
    this.#isDraining = true;
  }

  onEnd(): Verdict {
    return this.#close({ error: 'shutting-down' });
  }

  onTime(nowMs: number): Verdict {
    if (this.#phase === 'greeting' && nowMs - this.#openedMs > this.#limits.helloMsMax) {
      return this.#close({ error: 'idle', message: 'no hello came' });
    }
    return nowMs - this.#lastMs > this.#limits.idleMsMax ? this.#close({ error: 'idle' }) : nothing;
  }

  onMessage(incoming: Incoming, nowMs: number): Verdict {
    if (this.#phase === 'closing') return nothing;
    this.#lastMs = nowMs;
    return this.#phase === 'greeting' ? this.#onGreeting(incoming) : this.#onOpen(incoming);
  }

  onAnswered(requestId: number): void {
    const size = this.#forget(requestId);
    if (size !== undefined) this.#produceSize -= size;
  }

  #onGreeting({ requestId, body, version }: Incoming): Verdict {
    if (body !== 'hello') return this.#outOfOrder('the first message is hello');
    if (requestId === 0) return this.#outOfOrder('hello wants a request id above 0');
    if (version === undefined || version < protocolVersion) {
      const message = `version ${version} is not spoken here; version ${protocolVersion} is`;
      return this.#close({ error: 'unsupported-version', message });
    }
    if (this.#isDraining) return this.#close({ error: 'shutting-down' });
    this.#phase = 'open';
    return welcome;
  }

  #onOpen({ requestId, body, size }: Incoming): Verdict {
    if (body === 'hello') return this.#outOfOrder('hello comes once');
    if (body === 'credit') return requestId === 0 ? begin : this.onMalformed('credit has no request id: nothing answers it');
    if (requestId === 0) return this.#outOfOrder('a request has an id above 0');
    if (this.#isUnderWay(requestId)) return this.#outOfOrder(`request ${requestId} is under way`);
    if (this.#isDraining) return refused('shutting-down', 'the node said goodbye: ask on the next connection');
    if (body === undefined) return refused('invalid-request', 'this request is unknown here');
    if (this.requestsCount >= this.#limits.requestsMax) {
      return refused('limit-exceeded', `${this.#limits.requestsMax} requests are under way`, 'later');
    }
    const produceSize = body === 'produce' ? size : 0;
    // A single request may be larger than the limit: else it could never be made.
    if (produceSize > 0 && this.#produceSize > 0 && this.#produceSize + produceSize > this.#limits.produceSizeInFlightMax) {
      const message = `${this.#produceSize} bytes of produce requests are under way: nothing was stored`;
      return refused('limit-exceeded', message, 'later');
    }
    this.#remember(requestId, produceSize);
    this.#produceSize += produceSize;
    return begin;
  }

  #outOfOrder(message: string): Verdict {
    return this.#close({ error: 'out-of-order', message });
  }

  #close(failure: Failure, code = closeCodeOf(failure.error)): Verdict {
    if (this.#phase === 'closing') return nothing;
    this.#phase = 'closing';
    return { do: 'close', code, failure };
  }

  #isUnderWay(requestId: number): boolean {
    return this.#only === requestId || this.#others?.has(requestId) === true;
  }

  #remember(requestId: number, size: number): void {
    if (this.#only === 0) {
      this.#only = requestId;
      this.#onlySize = size;
      return;
    }
    this.#others ??= new Map();
    this.#others.set(requestId, size);
  }

  #forget(requestId: number): number | undefined {
    if (requestId !== 0 && this.#only === requestId) {
      this.#only = 0;
      return this.#onlySize;
    }
    const size = this.#others?.get(requestId);
    this.#others?.delete(requestId);
    return size;
  }
}

function refused(error: Failure['error'], message: string, retry?: Failure['retry']): Verdict {
  return { do: 'refuse', failure: { error, message, ...(retry === undefined ? {} : { retry }) } };
}
