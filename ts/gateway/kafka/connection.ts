import { Reader } from '../../wire/kafka/reader.js';
import type { Row } from './apis/row.js';
import type { Burden } from './burden.js';
import { type ConnectionExchange, dispatch } from './dispatch.js';
import { Outbox } from './outbox.js';
import { type Finished, Pipeline } from './pipeline.js';

/** What a connection needs of the door that made it. */
export interface ConnectionPorts {
  readonly rows: ReadonlyMap<number, Row>;
  /** Answers can leave: `collect` will find them. */
  ready(connection: KafkaConnection): void;
  /** It has to end, with what it was answered before. */
  broken(connection: KafkaConnection, reason: string): void;
}

/** A frame where it was received. */
export interface ReceivedFrame {
  readonly place: number;
  readonly bytes: Uint8Array;
}

/** Of a request, whatever it says. */
const requestSize = 512;

/** A client's connection: frames in, answers out in their order. Lives on: the door's thread. */
export class KafkaConnection {
  readonly number: number;
  readonly exchange: ConnectionExchange;
  readonly outbox = new Outbox();
  readonly burden: Burden;
  /** Frames that may not begin yet. */
  readonly postponed: ReceivedFrame[] = [];
  readonly #ports: ConnectionPorts;
  readonly #pipeline = new Pipeline();
  /** The socket took less than it was given: nothing more is given before it says that it can take more. */
  isBlocked = false;
  /** Since when. */
  blockedMs = 0;
  /** Of what it was given, something has left memory. */
  isIncomplete = false;
  /** And is read again. */
  isRestoring = false;
  /** No more requests of it are begun. */
  isEnding = false;
  #isOver = false;

  constructor(number: number, exchange: Omit<ConnectionExchange, 'inTurn'>, burden: Burden, ports: ConnectionPorts) {
    this.number = number;
    this.exchange = { ...exchange, inTurn: (task) => this.#pipeline.inTurn(task) };
    this.burden = burden;
    this.#ports = ports;
  }

  /** Valid for the call. */
  onFrame(frame: Uint8Array): void {
    const finish = this.#pipeline.begin(() => this.#ports.ready(this));
    const reader = new Reader(frame);
    let size = 0;
    let isAnswered = false;
    const reply = (finished: Finished) => {
      isAnswered = true;
      this.burden.add(-size);
      if (this.#isOver) finished.sent();
      else finish(this.#carried(finished));
    };
    const problem = dispatch(this.#ports.rows, this.exchange, reader, reply, (reason) => this.#end(reason));
    if (problem !== undefined) {
      this.#end(problem);
      return;
    }
    if (isAnswered) return;
    size = requestSize + reader.madeSize;
    this.burden.add(size);
  }

  /** The answer's own bytes are carried until they have left. */
  #carried({ encoded, sent }: Finished): Finished {
    const size = encoded?.bytes.length ?? 0;
    this.burden.add(size);
    const onSent = () => {
      this.burden.add(-size);
      sent();
    };
    return { encoded, sent: onSent };
  }

  #end(reason: string): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.#ports.broken(this, reason);
  }

  /** Moves finished answers into the outbox, in order; how many. */
  collect(): number {
    let count = 0;
    for (let next = this.#pipeline.next(); next !== undefined; next = this.#pipeline.next()) {
      this.outbox.add(next);
      count += 1;
    }
    return count;
  }

  onClosed(): void {
    this.#isOver = true;
    this.isEnding = true;
    this.#pipeline.drop();
    this.outbox.drop();
    this.burden.close();
  }
}
