import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { begin, decide, type LifecycleEvent, type LifecycleSettings, type Phase, tickAt } from './lifecycle.js';

const settings: LifecycleSettings = { backoff: { firstMs: 100, mostMs: 5000 }, connectTimeoutMs: 1000, silenceMsMax: 30_000 };
const half = () => 0.5;

/** Plays events, each after some milliseconds; answers the phase and all actions. */
function play(events: readonly (readonly [number, LifecycleEvent])[], from = begin(0, settings)) {
  let now = 0;
  let { phase } = from;
  const actions = [...from.actions];
  for (const [afterMs, event] of events) {
    now += afterMs;
    const decision = decide(phase, event, now, settings, half);
    phase = decision.phase;
    actions.push(...decision.actions);
  }
  return { phase, actions, now };
}

const opened = [0, { type: 'opened' }] as const;
const welcomed = [0, { type: 'welcomed', idleMsMax: 30_000 }] as const;
const lost = [0, { type: 'lost' }] as const;

test('a connection is dialed, greeted and open', () => {
  const { phase, actions } = play([opened, welcomed]);
  expect([phase.name, actions]).toEqual(['open', ['dial', 'greet']]);
});

test('attempts wait longer and longer, and a success begins anew', () => {
  const waits = [];
  let { phase } = begin(0, settings);
  for (let index = 0; index < 8; index++) {
    phase = decide(phase, { type: 'lost' }, 0, settings, half).phase;
    waits.push(tickAt(phase, settings));
    phase = decide(phase, { type: 'tick' }, 100_000, settings, half).phase;
  }
  expect(waits).toEqual([150, 300, 600, 1200, 2400, 3750, 3750, 3750]);
  expect(tickAt(play([opened, welcomed, lost]).phase, settings)).toBe(75);
});

test('no answer to dialing or greeting drops it', () => {
  expect(play([[1000, { type: 'tick' }]]).actions).toEqual(['dial', 'drop']);
  expect(play([opened, [1000, { type: 'tick' }]]).actions).toEqual(['dial', 'greet', 'drop']);
  expect(play([opened, [999, { type: 'tick' }]]).actions).toEqual(['dial', 'greet']);
});

test('a quiet connection is pinged, a silent server given up', () => {
  const tick: LifecycleEvent = { type: 'tick' };
  expect(play([opened, welcomed, [10_000, tick]]).actions).toEqual(['dial', 'greet', 'ping']);
  expect(play([opened, welcomed, [10_000, tick], [10_000, tick], [10_000, tick]]).actions.at(-1)).toBe('drop');
  const heard: LifecycleEvent = { type: 'heard' };
  expect(play([opened, welcomed, [10_000, tick], [0, heard], [20_000, tick]]).actions.at(-1)).toBe('ping');
});

test('after a goodbye it is dropped when drained, and comes back when told', () => {
  const goodbye: LifecycleEvent = { type: 'goodbye', reconnectAfterMs: 2000 };
  const { phase, actions } = play([opened, welcomed, [0, goodbye], [0, { type: 'drained' }]]);
  expect([phase.name, actions.at(-1), tickAt(phase, settings)]).toEqual(['waiting', 'drop', 2075]);
  expect(play([opened, welcomed, [0, goodbye], [10_000, { type: 'tick' }]]).actions.at(-1)).toBe('drop');
});

test('a network that is back ends the wait, and tries what seems open', () => {
  expect(play([lost, [0, { type: 'wake' }]]).actions).toEqual(['dial', 'dial']);
  const { phase, actions } = play([opened, welcomed, [0, { type: 'wake' }]]);
  expect([actions.at(-1), tickAt(phase, settings)]).toEqual(['ping', 1000]);
});

const anyEvent: fc.Arbitrary<LifecycleEvent> = fc.oneof(
  fc.constantFrom<LifecycleEvent>(
    ...(['opened', 'drained', 'tick', 'sent', 'heard', 'wake', 'lost'] as const).map((type) => ({ type })),
    { type: 'welcomed', idleMsMax: 9000 },
    { type: 'goodbye', reconnectAfterMs: 700 },
  ),
);

test('whatever happens, one transport at a time, always a next step, and closed is for good', () => {
  const property = fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), anyEvent)), (events) => {
    let hasTransport = true;
    let now = 0;
    let phase: Phase = begin(0, settings).phase;
    for (const [afterMs, event] of events) {
      // A transport says nothing once it is gone.
      if (!hasTransport && ['opened', 'welcomed', 'goodbye', 'lost', 'heard', 'sent', 'drained'].includes(event.type)) continue;
      now += afterMs;
      const decision = decide(phase, event, now, settings, half);
      phase = decision.phase;
      if (event.type === 'lost') hasTransport = false;
      for (const action of decision.actions) {
        if (action === 'dial') expect(hasTransport).toBe(false);
        else expect(hasTransport).toBe(true);
        if (action === 'dial' || action === 'drop') hasTransport = action === 'dial';
      }
      expect(hasTransport).toBe(phase.name !== 'waiting');
      expect(tickAt(phase, settings)).toBeTypeOf('number');
    }
    const closed = decide(phase, { type: 'close' }, now, settings, half).phase;
    expect(decide(closed, { type: 'wake' }, now, settings, half)).toEqual({ phase: { name: 'closed' }, actions: [] });
  });
  fc.assert(property, { numRuns: 500 });
});
