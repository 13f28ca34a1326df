import type { MessagePort } from 'node:worker_threads';
import { assert } from '../model/assert.js';
import type { GroupCoordinator } from '../model/group-ports.js';
import type { GroupAnswer, GroupRefusal, GroupVerb, GroupVerbs, ListedGroup, ListRequest } from '../model/group-requests.js';
import type { Result } from '../model/result.js';

// Groups whose shard lives on another thread than the gateway that is asked: few and small requests beside the batches, so they go by
// message port, with a number that comes back with the answer. In the order in which they were sent, as a port keeps it.

type Question =
  | { readonly number: number; readonly verb: GroupVerb; readonly request: GroupVerbs[GroupVerb]['request'] }
  | { readonly number: number; readonly verb: 'list'; readonly request: ListRequest };

type Answer = GroupAnswer | Result<readonly ListedGroup[], GroupRefusal>;

interface Answered {
  readonly number: number;
  readonly answer: Answer;
}

/** Lives on: the gateway's thread. The requests of its connections bound how many wait. */
export class RemoteGroups implements GroupCoordinator {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', ({ number, answer }: Answered) => {
      const done = this.#waiting.get(number);
      assert(done !== undefined, () => `question ${number} is answered twice`);
      this.#waiting.delete(number);
      done(answer);
    });
    // The thread lives as long as its control port does, not this one.
    port.unref();
  }

  ask<V extends GroupVerb>(verb: V, request: GroupVerbs[V]['request'], done: (answer: GroupAnswer<V>) => void): void {
    this.#ask({ number: this.#next(), verb, request } as Question, done as (answer: Answer) => void);
  }

  list(request: ListRequest, done: (answer: Result<readonly ListedGroup[], GroupRefusal>) => void): void {
    this.#ask({ number: this.#next(), verb: 'list', request }, done as (answer: Answer) => void);
  }

  #next(): number {
    this.#last += 1;
    return this.#last;
  }

  #ask(question: Question, done: (answer: Answer) => void): void {
    this.#waiting.set(question.number, done);
    this.#port.postMessage(question);
  }
}

/** The other end. Lives on: the shard's thread. */
export function serveGroups(port: MessagePort, groups: GroupCoordinator): void {
  port.on('message', (question: Question) => {
    const done = (answer: Answer) => port.postMessage({ number: question.number, answer } satisfies Answered);
    if (question.verb === 'list') groups.list(question.request, done);
    else groups.ask(question.verb, question.request, done);
  });
  port.unref();
}
