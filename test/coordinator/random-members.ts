import { decodeRecord } from '../../ts/coordinator/records/record.js';
import { GroupRuntime } from '../../ts/coordinator/runtime.js';
import { coordinatorDefaults } from '../../ts/coordinator/settings.js';
import type { GroupAnswer, GroupVerb, GroupVerbs, Joined } from '../../ts/model/group-requests.js';
import { ManualClock } from '../gateway/memory-cluster.js';
import { MemoryLog, plain } from './memory-log.js';
import { newCounts, turn } from './rig.js';
import { bytes, text } from './story.js';

/** What may happen next, to whom, and how much of it. */
export type Move = readonly [kind: keyof RandomMembers['moves'], slot: number, amount: number];

interface Client {
  readonly instanceId: string | undefined;
  memberId: string;
  generationId: number;
  joined: Joined | undefined;
  hasSynced: boolean;
  isBusy: boolean;
}

const settings = {
  ...coordinatorDefaults,
  group: { ...coordinatorDefaults.group, initialRebalanceDelayMs: 1_000 },
  // Groups that are deleted begin again at generation zero: another story.
  sweepIntervalMs: 1e12,
  deadRecordsMax: 20,
};
const slots = 4;

/** Members that do what they like, over a log that does what it likes. Every answer is held against what was promised. */
export class RandomMembers {
  readonly log = new MemoryLog();
  readonly #clock = new ManualClock();
  readonly #clients: Client[];
  #runtime: GroupRuntime;
  #seed = 0;
  /** A life of the coordinator, from load to failure: what was not durable is unknown to the next one. */
  #life = 0;
  #waiting = 0;
  #counter = 0;
  #decoded = 0;
  readonly #durableOffsets = new Set<number>();
  /** generation:assignment */
  readonly #durableAssignments = new Set<string>();
  #acknowledged = -1;
  #newest = -1;
  readonly #leaders = new Map<string, string>();
  readonly #assignments = new Map<number, string>();
  readonly broken: string[] = [];
  /** How often something was allowed: a run in which all is refused proves nothing. */
  readonly allowed = { join: 0, sync: 0, heartbeat: 0, leave: 0, commit: 0, fetchOffsets: 0, compare: 0 };

  readonly moves = {
    go: (slot: number, amount: number) => this.#go(slot, amount),
    join: (slot: number) => this.#join(slot),
    sync: (slot: number) => this.#sync(slot),
    heartbeat: (slot: number) => this.#heartbeat(slot),
    commit: (slot: number, amount: number) => this.#commit(slot, amount % 4 === 0 ? 1 : 0),
    fetch: () => this.#fetch(),
    leave: (slot: number) => this.#leave(slot),
    forget: (slot: number) => this.#forget(slot),
    pass: (_: number, amount: number) => this.#clock.advance(amount * 50),
    settle: (_: number, amount: number) => this.log.settle(1 + (amount % 3)),
    fail: (_: number, amount: number) => this.#fail(amount),
    cut: (_: number, amount: number) => this.#cut(amount),
    compare: () => this.#compare(),
  } as const;

  constructor() {
    this.#clients = Array.from({ length: slots }, (_, slot) => ({
      instanceId: slot === 0 ? `i${slot}` : undefined,
      memberId: '',
      generationId: -1,
      joined: undefined,
      hasSynced: false,
      isBusy: false,
    }));
    this.#runtime = this.#start();
  }

  async play(moves: readonly Move[]): Promise<void> {
    await turn();
    for (const [kind, slot, amount] of moves) {
      await this.moves[kind](slot % slots, amount);
      await turn();
    }
    await this.#end();
  }

  #start(): GroupRuntime {
    const random = { bytes: (size: number) => new Uint8Array(size).map((_, at) => (at < 3 ? ++this.#seed : this.#life)) };
    const { log } = this;
    return new GroupRuntime({
      partition: 0,
      partitionsCount: 1,
      log,
      clock: this.#clock,
      random,
      settings,
      counts: newCounts(),
      onProblem: () => undefined,
    });
  }

  #client(slot: number): Client {
    const client = this.#clients[slot];
    if (client === undefined) throw new Error(`no client ${slot}`);
    return client;
  }

  #claim(slot: number) {
    const { memberId, instanceId, generationId } = this.#client(slot);
    return { groupId: 'g', memberId, instanceId, generationId };
  }

  #ask<V extends GroupVerb>(
    verb: V,
    request: GroupVerbs[V]['request'],
    onAnswer: (answer: GroupAnswer<V>) => void = () => undefined,
  ) {
    this.#waiting += 1;
    this.#runtime.ask(verb, request, (answer) => {
      this.#waiting -= 1;
      this.#decode();
      if (answer.ok && verb in this.allowed) this.allowed[verb as keyof typeof this.allowed] += 1;
      onAnswer(answer);
    });
  }

  /** What a client that knows the protocol would do next. */
  #go(slot: number, amount: number): void {
    const client = this.#client(slot);
    if (client.isBusy) return;
    if (client.joined === undefined) this.#join(slot);
    else if (!client.hasSynced) this.#sync(slot);
    else if (amount % 2 === 0) this.#heartbeat(slot);
    else this.#commit(slot, 0);
  }

  #heartbeat(slot: number): void {
    const client = this.#client(slot);
    this.#ask('heartbeat', this.#claim(slot), (answer) => this.#learn(client, answer));
  }

  /** What an error means for whoever gets it. */
  #learn(client: Client, answer: GroupAnswer): void {
    if (answer.ok) return;
    const { error } = answer.error;
    if (error === 'unknown-member-id' || error === 'fenced-instance-id') client.memberId = '';
    if (error !== 'coordinator-not-available' && error !== 'coordinator-load-in-progress') client.joined = undefined;
  }

  #join(slot: number): void {
    const client = this.#client(slot);
    const life = this.#life;
    const { memberId, instanceId } = client;
    client.isBusy = true;
    this.#ask(
      'join',
      {
        groupId: 'g',
        memberId,
        instanceId,
        clientId: `c${slot}`,
        clientHost: '/h',
        sessionTimeoutMs: 6_000 + slot * 2_000,
        rebalanceTimeoutMs: 10_000,
        protocolType: 'consumer',
        protocols: [
          { name: 'range', metadata: bytes(`${slot}.${this.#client(slot).generationId < 0 ? 0 : this.#counter++ % 5}`) },
        ],
        comesAgainWithId: slot % 3 !== 2,
        canSkipAssignment: true,
      },
      (answer) => {
        client.isBusy = false;
        if (answer.ok) this.#joined(client, answer.value, life);
        else if (answer.error.error === 'member-id-required') client.memberId = answer.error.memberId ?? '';
        else if (answer.error.error === 'unknown-member-id') client.memberId = '';
      },
    );
  }

  #joined(client: Client, joined: Joined, life: number): void {
    client.joined = joined;
    client.hasSynced = false;
    client.memberId = joined.memberId;
    client.generationId = joined.generationId;
    if (life === this.#life) this.#newest = Math.max(this.#newest, joined.generationId);
    if (joined.members.length === 0 || joined.skipAssignment) return;
    const key = `${life}:${joined.generationId}`;
    const leader = this.#leaders.get(key) ?? joined.memberId;
    this.#leaders.set(key, leader);
    this.#check(leader === joined.memberId, `two leaders in generation ${key}: ${leader}, ${joined.memberId}`);
  }

  #sync(slot: number): void {
    const client = this.#client(slot);
    const { joined } = client;
    const token = bytes(`token-${this.#counter++}`);
    const assignments = [...(joined?.members ?? [])].map(({ memberId }) => ({ memberId, assignment: token }));
    const claim = this.#claim(slot);
    client.isBusy = true;
    this.#ask('sync', { ...claim, assignments }, (answer) => {
      client.isBusy = false;
      this.#learn(client, answer);
      if (!answer.ok) return;
      client.hasSynced = client.generationId === claim.generationId;
      const assignment = text(answer.value.assignment);
      const { generationId } = claim;
      const first = this.#assignments.get(generationId) ?? assignment;
      this.#assignments.set(generationId, first);
      this.#check(assignment === first, `generation ${generationId} got ${first} and ${assignment}`);
      this.#check(
        this.#durableAssignments.has(`${generationId}:${assignment}`),
        `${assignment} was given out, and is not durable`,
      );
    });
  }

  #commit(slot: number, age: number): void {
    const claim = this.#claim(slot);
    const generationId = Math.max(claim.generationId - age, 0);
    const value = ++this.#counter;
    const newest = this.#newest;
    const topics = [{ topic: 'orders', partitions: [{ partition: 0, offset: value, metadata: '' }] }];
    this.#ask('commit', { ...claim, generationId, knowsMissingGroups: true, topics }, (answer) => {
      if (age === 0) this.#learn(this.#client(slot), answer);
      if (!answer.ok) return;
      this.#check(this.#durableOffsets.has(value), `offset ${value} is acknowledged, and not durable`);
      this.#check(generationId >= newest, `generation ${generationId} committed after ${newest} had begun`);
      this.#acknowledged = Math.max(this.#acknowledged, value);
    });
  }

  #fetch(): void {
    const acknowledged = this.#acknowledged;
    this.#ask('fetchOffsets', { groupId: 'g', topics: [{ topic: 'orders', partitions: [0] }] }, (answer) => {
      if (!answer.ok) return;
      const found = answer.value.topics[0]?.partitions[0]?.committed?.offset ?? -1;
      this.#check(found >= acknowledged, `offset ${acknowledged} was acknowledged, ${found} was read`);
      this.#check(found === -1 || this.#durableOffsets.has(found), `offset ${found} was read, and is not durable`);
    });
  }

  #leave(slot: number): void {
    const { memberId, instanceId } = this.#client(slot);
    this.#ask('leave', { groupId: 'g', members: [{ memberId, instanceId }] });
    this.#forget(slot);
  }

  /** Its process was started again. */
  #forget(slot: number): void {
    Object.assign(this.#client(slot), { memberId: '', generationId: -1, joined: undefined, isBusy: false });
  }

  #fail(amount: number): void {
    if (this.log.pending === 0) return;
    this.#nextLife();
    this.log.fail(amount % (this.log.pending + 1));
  }

  #cut(amount: number): void {
    this.#nextLife();
    this.log.cutPower(amount % (this.log.pending + 1));
    this.#runtime.close();
    this.#runtime = this.#start();
  }

  #nextLife(): void {
    this.#life += 1;
    this.#newest = -1;
  }

  /** Everybody gets an answer in the time that the longest of all timeouts allows, and a crash changes nothing of what there is. */
  async #end(): Promise<void> {
    for (let second = 0; second < 330; second += 5) {
      this.#clock.advance(5_000);
      this.log.settle();
      await turn();
    }
    this.#check(this.#waiting === 0, `${this.#waiting} requests are not answered`);
    this.#check(same(plain(this.log.replay()), plain(this.log.replay(0))), 'the shortened log says something else');
    await this.#compare();
  }

  /** A group that rebalances goes back to where it began to. */
  async #compare(): Promise<void> {
    this.log.settle();
    const before = await this.#shown();
    if (before.offsets?.ok !== true) return;
    this.#cut(0);
    await turn();
    const after = await this.#shown();
    this.#check(same(after.offsets, before.offsets), 'a crash has changed offsets');
    if (before.group?.ok !== true || before.group.value.state !== 'Stable') return;
    this.allowed.compare += 1;
    this.#check(same(after.group, before.group), 'a crash has changed a stable group');
  }

  async #shown() {
    const shown: { group?: GroupAnswer<'describe'>; offsets?: GroupAnswer<'fetchOffsets'> } = {};
    this.#ask('describe', { groupId: 'g' }, (answer) => {
      shown.group = answer;
    });
    this.#ask('fetchOffsets', { groupId: 'g', topics: undefined }, (answer) => {
      shown.offsets = answer;
    });
    await turn();
    return shown;
  }

  #decode(): void {
    for (; this.#decoded < this.log.records.length; this.#decoded++) {
      const logged = this.log.records[this.#decoded];
      const decoded = logged && decodeRecord(logged);
      if (decoded?.ok !== true || decoded.value === undefined) throw new Error('a record that cannot be read');
      const record = decoded.value;
      if (record.kind === 'offset' && record.committed !== undefined) this.#durableOffsets.add(record.committed.offset);
      if (record.kind !== 'group') continue;
      for (const { assignment } of record.metadata?.members ?? [])
        this.#durableAssignments.add(`${record.metadata?.generationId}:${text(assignment)}`);
    }
  }

  #check(holds: boolean, otherwise: string): void {
    if (!holds) this.broken.push(otherwise);
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a, plainBytes) === JSON.stringify(b, plainBytes);
const plainBytes = (_: string, value: unknown) => (value instanceof Uint8Array ? text(value) : value);
