import type { ClusterCommands, Failure } from '../../model/ports.js';
import type { Routing } from '../routing.js';

const waitingMax = 10_000;

interface Waiting {
  readonly size: number;
  readonly ready: (failure: Failure | undefined) => void;
}

/**
 * Topics that are created because somebody writes to them. Whoever needs one waits here, in the order in which they came, with a copy
 * of what it wants to write.
 */
export class MissingTopics {
  readonly #routing: Routing;
  readonly #commands: ClusterCommands;
  readonly #sizeMax: number;
  readonly #waiting = new Map<string, Waiting[]>();
  #count = 0;
  #size = 0;

  constructor(routing: Routing, commands: ClusterCommands, sizeMax: number) {
    this.#sizeMax = sizeMax;
    this.#routing = routing;
    this.#commands = commands;
  }

  /** Also while it is known already, if others still wait: nobody overtakes them. */
  isMissing(name: string): boolean {
    return this.#waiting.has(name) || this.#routing.topic(name) === undefined;
  }

  /**
   * `ready` is called once, later: undefined when it is worth looking again. The answer is a refusal; then it is not called.
   * `size`: of what the caller keeps meanwhile.
   */
  ensure(name: string, ready: (failure: Failure | undefined) => void, size = 0): Failure | undefined {
    const others = this.#waiting.get(name);
    if (others === undefined && !this.#routing.view.autoCreateTopics) return { error: 'unknown-topic' };
    if (this.#count >= waitingMax || this.#size + size > this.#sizeMax) return { error: 'overloaded' };
    this.#count += 1;
    this.#size += size;
    if (others !== undefined) others.push({ size, ready });
    else {
      this.#waiting.set(name, [{ size, ready }]);
      void this.#create(name);
    }
    return undefined;
  }

  async #create(name: string): Promise<void> {
    const created = await this.#commands.createTopic({ name, configs: {} }, false);
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    this.#count -= waiting.length;
    // Somebody else was faster.
    const failure = created.ok || created.error.error === 'topic-exists' ? undefined : created.error;
    for (const { size, ready } of waiting) {
      this.#size -= size;
      ready(failure);
    }
  }
}
