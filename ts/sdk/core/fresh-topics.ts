import type { Clock } from '../../model/ports.js';
import { UnknownTopicError } from './errors.js';

/** How long a node may take to hear of a topic that another one has made. */
const freshMs = 15_000;

/**
 * Topics that this client has made a moment ago. That a topic is unknown is an answer, not a reason to ask again; of a fresh one it
 * only says that the connection has moved to a node that lags behind the one that made it.
 */
export class FreshTopics {
  readonly #clock: Clock;
  /** When each was made, oldest first. */
  readonly #made = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(name: string): void {
    this.#forgetOld();
    this.#made.delete(name);
    this.#made.set(name, this.#clock.monotonicMs());
  }

  delete(name: string): void {
    this.#made.delete(name);
  }

  /** Asks about a topic: where that is unknown and not fresh, the error says that there is nothing to repeat. */
  async ask<T>(name: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      this.#forgetOld();
      if (!(error instanceof UnknownTopicError) || error.code !== 'unknown-topic' || this.#made.has(name)) throw error;
      throw new UnknownTopicError('unknown-topic', `there is no topic ${name}`, false, 'create it first');
    }
  }

  #forgetOld(): void {
    const now = this.#clock.monotonicMs();
    for (const [name, at] of this.#made) {
      if (now - at < freshMs) return;
      this.#made.delete(name);
    }
  }
}
