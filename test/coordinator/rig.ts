import { CoordinatorCounts } from '../../ts/coordinator/counts.js';
import { coordinatorProbe } from '../../ts/coordinator/probe.js';
import { GroupRuntime } from '../../ts/coordinator/runtime.js';
import { type CoordinatorSettings, coordinatorDefaults } from '../../ts/coordinator/settings.js';
import { newPage } from '../../ts/metrics/page.js';
import type { GroupVerb, GroupVerbs, JoinRequest } from '../../ts/model/group-requests.js';
import { ManualClock } from '../gateway/memory-cluster.js';
import { MemoryLog } from './memory-log.js';
import { type Asked, granted } from './story.js';

export const newCounts = () => new CoordinatorCounts(newPage(coordinatorProbe));

/** Lets everything happen that needs no time. */
export const turn = async () => {
  for (let count = 0; count < 5; count++) await undefined;
};

/** The coordinator of one partition, its log and its time. */
export class Rig {
  readonly log = new MemoryLog();
  readonly clock = new ManualClock();
  readonly problems: string[] = [];
  readonly notes: string[] = [];
  readonly settings: CoordinatorSettings;
  runtime: GroupRuntime;
  #seed = 0;

  constructor(settings: Partial<CoordinatorSettings> = {}, prepare: (log: MemoryLog) => void = () => undefined) {
    const group = { ...coordinatorDefaults.group, initialRebalanceDelayMs: 0 };
    this.settings = { ...coordinatorDefaults, group, ...settings };
    prepare(this.log);
    this.runtime = this.#start();
  }

  restart(): void {
    this.runtime.close();
    this.runtime = this.#start();
  }

  #start(): GroupRuntime {
    const random = { bytes: (size: number) => new Uint8Array(size).fill(++this.#seed) };
    const { log, clock, settings } = this;
    const note = (fields: object, text: string) => void this.notes.push(`${JSON.stringify(fields)} ${text}`);
    const debug = { debug: note, info: note };
    const onProblem = (problem: string) => this.problems.push(problem);
    const options = { log, clock, random, settings, counts: newCounts(), onProblem, debug };
    return new GroupRuntime({ partition: 0, partitionsCount: 1, ...options });
  }

  ask<V extends GroupVerb>(verb: V, request: GroupVerbs[V]['request']): Asked<V> {
    const asked: Asked<V> = { answer: undefined };
    this.runtime.ask(verb, request, (answer) => {
      if (asked.answer !== undefined) throw new Error('answered twice');
      asked.answer = answer;
    });
    return asked;
  }

  commit(groupId: string, offset: number, partition = 0, topic = 'orders'): Asked<'commit'> {
    const topics = [{ topic, partitions: [{ partition, offset, metadata: '' }] }];
    return this.ask('commit', { groupId, memberId: '', generationId: -1, knowsMissingGroups: true, topics });
  }

  fetch(groupId: string, topic = 'orders'): Asked<'fetchOffsets'> {
    return this.ask('fetchOffsets', { groupId, topics: [{ topic, partitions: [0] }] });
  }

  join(groupId: string, terms: Partial<JoinRequest> = {}): Asked<'join'> {
    return this.ask('join', {
      groupId,
      memberId: '',
      clientId: 'c',
      clientHost: '/h',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
      comesAgainWithId: false,
      canSkipAssignment: true,
      ...terms,
    });
  }
}

export async function ready(settings: Partial<CoordinatorSettings> = {}): Promise<Rig> {
  const rig = new Rig(settings);
  await turn();
  return rig;
}

export const offsetIn = (asked: Asked<'fetchOffsets'>) => granted(asked).topics[0]?.partitions[0]?.committed?.offset;
