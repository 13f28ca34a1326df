import { describe, expect, it } from 'vitest';
import { type Sleeper, Wakeup } from './wakeup.js';

/** An event loop of our own, a turn at a time. */
class Loop {
  #callbacks: (() => void)[] = [];

  readonly later = (callback: () => void): void => {
    this.#callbacks.push(callback);
  };

  /** Runs what waits now; false: nothing did. */
  turn(): boolean {
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
    return callbacks.length > 0;
  }
}

class FakeRing implements Sleeper {
  work = 0;
  isAsleep = false;

  beforeSleep(): boolean {
    this.isAsleep = this.work === 0;
    return this.isAsleep;
  }

  awake(): void {
    this.isAsleep = false;
  }
}

/** A thread with two rings that reads one slot of each per turn. */
function thread() {
  const [loop, rings] = [new Loop(), [new FakeRing(), new FakeRing()] as const];
  let turns = 0;
  const wakeup = new Wakeup(() => {
    turns += 1;
    for (const ring of rings) ring.work = Math.max(0, ring.work - 1);
    return rings.some((ring) => ring.work > 0);
  }, loop.later);
  for (const ring of rings) wakeup.consume(ring);
  return { loop, rings, wakeup, turns: () => turns };
}

describe('a thread that serves rings', () => {
  it('sleeps once nothing is left, and takes its turns behind other events', () => {
    const { loop, rings, wakeup, turns } = thread();
    expect(rings.map((ring) => ring.isAsleep)).toEqual([true, true]);
    const before = turns();
    rings[0].work = 3;
    wakeup.wake();
    expect([turns() - before, rings[0].isAsleep, rings[1].isAsleep]).toEqual([1, false, false]);
    expect([loop.turn(), loop.turn(), loop.turn()]).toEqual([true, true, false]);
    expect([turns() - before, rings[0].isAsleep, rings[1].isAsleep]).toEqual([3, true, true]);
  });

  it('stays awake for work that came while it fell asleep', () => {
    const { loop, rings, wakeup } = thread();
    const asleep = rings[1].beforeSleep.bind(rings[1]);
    rings[1].beforeSleep = () => {
      rings[1].beforeSleep = asleep;
      rings[1].work = 1;
      return asleep();
    };
    wakeup.wake();
    expect(rings.map((ring) => ring.isAsleep)).toEqual([false, false]);
    expect(loop.turn()).toBe(true);
    expect(rings.map((ring) => [ring.work, ring.isAsleep])).toEqual([
      [0, true],
      [0, true],
    ]);
  });

  it('takes one more turn when woken during a turn', () => {
    const loop = new Loop();
    let turns = 0;
    const wakeup: Wakeup = new Wakeup(() => {
      turns += 1;
      if (turns === 1) wakeup.wake();
      return false;
    }, loop.later);
    wakeup.wake();
    expect(turns).toBe(1);
    expect([loop.turn(), loop.turn()]).toEqual([true, false]);
    expect(turns).toBe(2);
  });

  it('tells waiting producers before every turn', () => {
    const loop = new Loop();
    const seen: string[] = [];
    const wakeup = new Wakeup(() => seen.push('turn') < 4, loop.later);
    wakeup.produce({ woken: () => seen.push('woken') });
    wakeup.wake();
    loop.turn();
    expect(seen).toEqual(['woken', 'turn', 'woken', 'turn']);
    expect(loop.turn()).toBe(false);
  });

  it('does nothing once stopped', () => {
    const { loop, rings, wakeup, turns } = thread();
    rings[0].work = 5;
    wakeup.wake();
    const before = turns();
    wakeup.stop();
    loop.turn();
    wakeup.wake();
    expect(turns()).toBe(before);
  });
});
