import { expect, test } from 'vitest';
import type { HostAnswer, PartitionName } from '../../model/assignment.js';
import type { ErrorName } from '../../model/errors.js';
import type { TopicId } from '../../model/ids.js';
import { Unserved } from './unserved.js';

const topicId = '0'.repeat(32) as TopicId;

class Scene {
  now = 0;
  readonly attempts: { readonly at: number; readonly names: readonly PartitionName[] }[] = [];
  /** What the shard answers. */
  outcome: ErrorName | undefined = 'disk-full';
  #timer: { readonly at: number; readonly callback: () => void } | undefined;
  readonly unserved = new Unserved(
    {
      monotonicMs: () => this.now,
      wallMs: () => this.now,
      after: (delayMs, callback) => {
        this.#timer = { at: this.now + delayMs, callback };
        return () => {
          this.#timer = undefined;
        };
      },
    },
    (names) => {
      this.attempts.push({ at: this.now, names });
      for (const name of names) this.answer(name);
    },
  );

  answer(name: PartitionName): void {
    const { outcome } = this;
    const answer: HostAnswer = outcome === undefined ? { ...name, handle: 1 } : { ...name, failure: { error: outcome } };
    this.unserved.answer(answer);
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (let timer = this.#timer; timer !== undefined && timer.at <= end; timer = this.#timer) {
      this.now = timer.at;
      this.#timer = undefined;
      timer.callback();
    }
    this.now = end;
  }
}

const times = ({ attempts }: Scene) => attempts.map(({ at }) => at);

test('what found no room is tried again, ever more rarely, until it is served', () => {
  const scene = new Scene();
  scene.answer({ topicId, partition: 0 });
  scene.answer({ topicId, partition: 3 });
  scene.pass(300_000);
  expect(times(scene).slice(0, 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 64_000]);
  expect(times(scene).slice(7)).toEqual([124_000, 184_000, 244_000]);
  expect(scene.attempts[4]?.names).toEqual([
    { topicId, partition: 0 },
    { topicId, partition: 3 },
  ]);
  scene.outcome = undefined;
  scene.pass(60_000);
  expect(times(scene).at(-1)).toBe(304_000);
  scene.pass(300_000);
  expect(scene.attempts).toHaveLength(11);
});

test('room that comes back is used at once, but not again and again', () => {
  const scene = new Scene();
  scene.answer({ topicId, partition: 0 });
  scene.pass(20_000);
  const before = scene.attempts.length;
  scene.unserved.roomAgain();
  scene.unserved.roomAgain();
  expect(times(scene).slice(before)).toEqual([20_000]);
  scene.outcome = undefined;
  scene.pass(1000);
  scene.unserved.roomAgain();
  scene.unserved.roomAgain();
  scene.pass(300_000);
  expect(times(scene).slice(before)).toEqual([20_000, 21_000]);
});

test('other failures are not tried again, and nothing is after its end', () => {
  const scene = new Scene();
  scene.outcome = 'storage-failed';
  scene.answer({ topicId, partition: 0 });
  scene.pass(300_000);
  scene.unserved.roomAgain();
  scene.outcome = 'disk-full';
  scene.answer({ topicId, partition: 0 });
  scene.unserved.stop();
  scene.pass(300_000);
  expect(scene.attempts).toEqual([]);
});
