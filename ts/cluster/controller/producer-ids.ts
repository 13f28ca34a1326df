import type { Failure } from '../../model/errors.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { ProducerIds } from '../commands/allocate-producer-ids.js';

export interface NewProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

type Waiter = (result: Result<NewProducer, Failure>) => void;

/** This node's block of producer ids. What is left of it when the node ends is never given out. */
export class ProducerIdBlock {
  readonly #capacity: number;
  readonly #refill: (done: (result: Result<ProducerIds, Failure>) => void) => void;
  readonly #waiting: Waiter[] = [];
  #next = 0;
  #end = 0;
  #isRefilling = false;

  /** `refill` asks the log for a block. */
  constructor(capacity: number, refill: (done: (result: Result<ProducerIds, Failure>) => void) => void) {
    this.#capacity = capacity;
    this.#refill = refill;
  }

  allocate(waiter: Waiter): void {
    if (this.#next < this.#end) {
      waiter(this.#give());
    } else if (this.#waiting.length >= this.#capacity) {
      waiter(failed({ error: 'overloaded' }));
    } else {
      this.#waiting.push(waiter);
      this.#ask();
    }
  }

  #give(): Result<NewProducer, Failure> {
    const producerId = this.#next;
    this.#next += 1;
    return ok({ producerId, producerEpoch: 0 });
  }

  #ask(): void {
    if (this.#isRefilling) return;
    this.#isRefilling = true;
    this.#refill((result) => {
      this.#isRefilling = false;
      if (result.ok) this.#take(result.value);
      else for (const waiter of this.#waiting.splice(0)) waiter(result);
    });
  }

  #take({ first, end }: ProducerIds): void {
    this.#next = first;
    this.#end = end;
    for (const waiter of this.#waiting.splice(0, end - first)) waiter(this.#give());
    if (this.#waiting.length > 0) this.#ask();
  }
}
