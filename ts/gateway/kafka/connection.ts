import type { Row } from './apis/row.js';
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

/** A client's connection: frames in, answers out in their order. Lives on: the door's thread. */
export class KafkaConnection {
  readonly number: number;
  readonly exchange: ConnectionExchange;
  readonly outbox = new Outbox();
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

  constructor(number: number, exchange: Omit<ConnectionExchange, 'inTurn'>, ports: ConnectionPorts) {
    this.number = number;
    this.exchange = { ...exchange, inTurn: (task) => this.#pipeline.inTurn(task) };
    this.#ports = ports;
  }

  /** Valid for the call. */
  onFrame(frame: Uint8Array): void {
    const finish = this.#pipeline.begin(() => this.#ports.ready(this));
    const reply = (finished: Finished) => {
      if (this.#isOver) finished.sent();
      else finish(finished);
    };
    const problem = dispatch(this.#ports.rows, this.exchange, frame, reply, (reason) => this.#end(reason));
    if (problem !== undefined) this.#end(problem);
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
  }
}
