import type { Connection } from '../connection/connection.js';
import { closedError, LimitError } from '../errors.js';

// A push names topic and partition, not the subscription: a server sends the same bytes to all who read a partition. So a
// connection can have one subscription of it, and consumers that read the same topic go over connections of their own.

/** What one consumer has of a connection. */
export interface Lane {
  readonly connection: Connection;
  readonly topics: ReadonlySet<string>;
}

/** Far beyond what one program needs: whoever meets it forgets to close consumers. */
const connectionsMax = 64;

/** Which consumer reads over which connection. All share the client's own one as long as they read different topics. */
export class Lanes {
  readonly #connect: () => Connection;
  /** The client's own connection first: it stays when nobody reads over it. */
  readonly #own: Connection;
  readonly #lanes = new Map<Connection, Set<Lane>>();
  #isClosed = false;

  constructor(own: Connection, connect: () => Connection) {
    this.#own = own;
    this.#connect = connect;
    this.#lanes.set(own, new Set());
  }

  /** A connection over which none of these topics is read, by anyone but `instead`: that one is about to end. */
  take(topics: Iterable<string>, instead?: Lane): Lane {
    if (this.#isClosed) throw closedError('the client');
    const wanted = new Set(topics);
    const lane = { connection: this.#free(wanted, instead) ?? this.#another(), topics: wanted };
    const known = this.#lanes.get(lane.connection);
    if (known === undefined) this.#lanes.set(lane.connection, new Set([lane]));
    else known.add(lane);
    return lane;
  }

  /** Nothing of it is subscribed any more. A connection that nobody reads over is closed. */
  release(lane: Lane): void {
    const { connection } = lane;
    const lanes = this.#lanes.get(connection);
    lanes?.delete(lane);
    if (connection === this.#own || lanes === undefined || lanes.size > 0) return;
    this.#lanes.delete(connection);
    connection.close();
  }

  wake(): void {
    for (const connection of this.#lanes.keys()) connection.wake();
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#lanes.keys()) connection.close();
  }

  #free(topics: ReadonlySet<string>, instead: Lane | undefined): Connection | undefined {
    for (const [connection, lanes] of this.#lanes) {
      const isRead = [...lanes].some((lane) => lane !== instead && [...lane.topics].some((topic) => topics.has(topic)));
      if (!isRead && (connection === this.#own || !connection.isEnded)) return connection;
    }
    return undefined;
  }

  #another(): Connection {
    if (this.#lanes.size < connectionsMax) return this.#connect();
    const advice = 'close consumers that are not needed any more, or connect another client';
    throw new LimitError('buffer-full', `${connectionsMax} consumers of one client read the same topic`, false, advice);
  }
}
