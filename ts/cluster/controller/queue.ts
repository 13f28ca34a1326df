import { assert } from '../../model/assert.js';
import type { Failure } from '../../model/errors.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Decision } from '../commands/decision.js';
import type { Image } from '../metadata/image.js';
import { encodeRecords } from '../metadata/records/record.js';
import { Draft } from '../metadata/reducer.js';

/** A question to the image, and who waits for the answer. */
export interface Command<A> {
  decide(image: Image): Decision<A>;
  /** Of the two below one is called, once. */
  refuse(failure: Failure): void;
  /** Its records are committed, or it had none. */
  accept(answer: A): void;
}

/** Commands that stand in one entry of the log. */
export interface Batch {
  /** Empty: nothing is to be committed. */
  readonly content: Uint8Array;
  accept(): void;
  refuse(failure: Failure): void;
}

/** An entry is one write; a larger one would delay those behind it. */
const batchCountMax = 256;
const batchSizeMax = 2 ** 19;

/** Commands in the order of their coming, each decided on the image that those before it leave behind. */
export class CommandQueue {
  readonly #capacity: number;
  readonly #waiting: Command<unknown>[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** False: the queue is full. */
  add<A>(command: Command<A>): boolean {
    if (this.#waiting.length >= this.#capacity) return false;
    this.#waiting.push(command as Command<unknown>);
    return true;
  }

  /**
   * Decides what fits one entry. Those that fail are told so at once, even if the reason is a command of the same entry that is not
   * committed yet: whoever asks again learns how that one ended.
   */
  take(image: Image): Batch {
    const contents: Uint8Array[] = [];
    const accepted: { readonly command: Command<unknown>; readonly answer: unknown }[] = [];
    const draft = new Draft(image);
    let size = 0;
    while (accepted.length < batchCountMax && size < batchSizeMax) {
      const command = this.#waiting.shift();
      if (command === undefined) break;
      const decided = decideOn(draft, command);
      if (!decided.ok) {
        command.refuse(decided.error);
        continue;
      }
      size += decided.value.content.length;
      contents.push(decided.value.content);
      accepted.push({ command, answer: decided.value.answer });
    }
    return {
      content: joined(contents, size),
      accept: () => {
        for (const { command, answer } of accepted) command.accept(answer);
      },
      refuse: (failure) => {
        for (const { command } of accepted) command.refuse(failure);
      },
    };
  }

  /** Nothing more is decided. */
  refuseAll(failure: Failure): void {
    for (const command of this.#waiting.splice(0)) command.refuse(failure);
  }
}

interface DecidedOn {
  readonly content: Uint8Array;
  readonly answer: unknown;
}

function decideOn(draft: Draft, command: Command<unknown>): Result<DecidedOn, Failure> {
  const decision = command.decide(draft.image);
  if (!decision.ok) return failed(decision.error);
  const { records, answer } = decision.value;
  const contradiction = draft.applyAll(records);
  assert(contradiction === undefined, `a command decides on what the reducer refuses: ${contradiction ?? ''}`);
  return ok({ content: encodeRecords(records), answer });
}

function joined(contents: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const content of contents) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}
