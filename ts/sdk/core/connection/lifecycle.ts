import { type Backoff, backoffMs } from '../backoff.js';
import type { Chance } from '../clock.js';

// When to dial, greet, ping, give up on and drop a connection: decided here, done in connection.ts.
//
//   dialing ─opened─► greeting ─welcomed─► open ─goodbye─► draining
//      ▲                  │                 │                 │
//      └──── waiting ◄────┴───── lost ──────┴─────────────────┘        closed: for good

export interface LifecycleSettings {
  readonly backoff: Backoff;
  /** For dialing and greeting, each. */
  readonly connectTimeoutMs: number;
  /** A server that says nothing for so long, though pinged, is taken for gone. */
  readonly silenceMsMax: number;
}

export type Phase =
  | { readonly name: 'dialing' | 'greeting'; readonly attempt: number; readonly until: number }
  | { readonly name: 'open'; readonly pingAfterMs: number; readonly sentAt: number; readonly heardAt: number }
  | { readonly name: 'draining'; readonly reconnectAfterMs: number; readonly until: number }
  | { readonly name: 'waiting'; readonly attempt: number; readonly until: number }
  | { readonly name: 'closed' };

export type LifecycleEvent =
  | { readonly type: 'opened' | 'drained' | 'tick' | 'sent' | 'heard' | 'close' }
  /** The network is said to be back: what waits stops waiting, what seems open is tried. */
  | { readonly type: 'wake' }
  | { readonly type: 'welcomed'; readonly idleMsMax: number }
  | { readonly type: 'goodbye'; readonly reconnectAfterMs: number }
  | { readonly type: 'lost' };

/** Done by connection.ts, in this order. `drop` ends the transport without asking it for a `lost`. */
export type LifecycleAction = 'dial' | 'greet' | 'ping' | 'drop';

export interface Decision {
  readonly phase: Phase;
  readonly actions: readonly LifecycleAction[];
}

const nothing: readonly LifecycleAction[] = [];
/** How long the requests under way may hold off the end that a server has announced. */
const drainMsMax = 10_000;

export function begin(now: number, settings: LifecycleSettings): Decision {
  return dial(0, now, settings);
}

export function decide(phase: Phase, event: LifecycleEvent, now: number, settings: LifecycleSettings, chance: Chance): Decision {
  if (phase.name === 'closed') return { phase, actions: nothing };
  switch (event.type) {
    case 'close':
      return { phase: { name: 'closed' }, actions: ['drop'] };
    case 'lost':
      return wait(phase, now, settings, chance);
    case 'opened':
      if (phase.name !== 'dialing') return { phase, actions: nothing };
      return { phase: { ...phase, name: 'greeting', until: now + settings.connectTimeoutMs }, actions: ['greet'] };
    case 'welcomed':
      return welcome(phase, event.idleMsMax, now);
    case 'goodbye':
      if (phase.name !== 'open') return { phase, actions: nothing };
      return { phase: { name: 'draining', reconnectAfterMs: event.reconnectAfterMs, until: now + drainMsMax }, actions: nothing };
    case 'drained':
      return phase.name === 'draining' ? dropAndWait(phase, now, settings, chance) : { phase, actions: nothing };
    case 'sent':
      return { phase: phase.name === 'open' ? { ...phase, sentAt: now } : phase, actions: nothing };
    case 'heard':
      return { phase: phase.name === 'open' ? { ...phase, heardAt: now } : phase, actions: nothing };
    case 'wake':
      return wake(phase, now, settings);
    case 'tick':
      return tick(phase, now, settings, chance);
  }
}

/** When `tick` is due; undefined: never. */
export function tickAt(phase: Phase, settings: LifecycleSettings): number | undefined {
  if (phase.name === 'closed') return undefined;
  if (phase.name !== 'open') return phase.until;
  return Math.min(phase.sentAt + phase.pingAfterMs, phase.heardAt + settings.silenceMsMax);
}

function dial(attempt: number, now: number, { connectTimeoutMs }: LifecycleSettings): Decision {
  return { phase: { name: 'dialing', attempt, until: now + connectTimeoutMs }, actions: ['dial'] };
}

function welcome(phase: Phase, idleMsMax: number, now: number): Decision {
  if (phase.name !== 'greeting') return { phase, actions: nothing };
  // Three chances before the server's own limit; without one, often enough to notice a dead network.
  const pingAfterMs = Math.min(idleMsMax > 0 ? idleMsMax / 3 : Number.POSITIVE_INFINITY, 10_000);
  return { phase: { name: 'open', pingAfterMs, sentAt: now, heardAt: now }, actions: nothing };
}

function wait(phase: Phase, now: number, settings: LifecycleSettings, chance: Chance): Decision {
  if (phase.name === 'waiting') return { phase, actions: nothing };
  const attempt = 'attempt' in phase ? phase.attempt + 1 : 0;
  const delay = phase.name === 'draining' ? phase.reconnectAfterMs : 0;
  const until = now + delay + backoffMs(settings.backoff, attempt, chance);
  return { phase: { name: 'waiting', attempt, until }, actions: nothing };
}

function dropAndWait(phase: Phase, now: number, settings: LifecycleSettings, chance: Chance): Decision {
  return { phase: wait(phase, now, settings, chance).phase, actions: ['drop'] };
}

function wake(phase: Phase, now: number, settings: LifecycleSettings): Decision {
  if (phase.name === 'waiting') return dial(phase.attempt, now, settings);
  // A socket that slept may be dead without knowing: an answer to this ping must come soon.
  if (phase.name !== 'open') return { phase, actions: nothing };
  const heardAt = Math.min(phase.heardAt, now - settings.silenceMsMax + settings.connectTimeoutMs);
  return { phase: { ...phase, sentAt: now, heardAt }, actions: ['ping'] };
}

function tick(phase: Phase, now: number, settings: LifecycleSettings, chance: Chance): Decision {
  const due = tickAt(phase, settings);
  if (due === undefined || now < due) return { phase, actions: nothing };
  if (phase.name === 'waiting') return dial(phase.attempt, now, settings);
  const isSilent = phase.name !== 'open' || now >= phase.heardAt + settings.silenceMsMax;
  if (isSilent) return dropAndWait(phase, now, settings, chance);
  return { phase: { ...phase, sentAt: now }, actions: ['ping'] };
}
