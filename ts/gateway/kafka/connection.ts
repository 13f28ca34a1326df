import type { Row } from './apis/row.js';
import { type ConnectionExchange, dispatch } from './dispatch.js';
import { Outbox } from './outbox.js';
import { Pipeline } from './pipeline.js';

/** What a connection needs of the door that made it. */
export interface ConnectionPorts {
  readonly rows: ReadonlyMap<number, Row>;
  /** Answers can leave: `collect` will find them. */
  ready(connection: KafkaConnection): void;
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
  #isOver = false;

  constructor(number: number, exchange: ConnectionExchange, ports: ConnectionPorts) {
    this.number = number;
    this.exchange = exchange;
    this.#ports = ports;
  }

  /** Valid for the call. The answer is why the connection must end, if it must. */
  onFrame(frame: Uint8Array): string | undefined {
    const finish = this.#pipeline.begin(() => this.#ports.ready(this));
    return dispatch(this.#ports.rows, this.exchange, frame, (finished) => {
      if (this.#isOver) finished.sent();
      else finish(finished);
    });
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
    this.collect();
    this.outbox.drop();
  }
}
