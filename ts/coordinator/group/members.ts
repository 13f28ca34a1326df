import { assert } from '../../model/assert.js';
import type { GroupError } from '../../model/group-errors.js';
import type { GroupProtocol, JoinRequest } from '../../model/group-requests.js';

export interface Member {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  protocols: readonly GroupProtocol[];
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  assignment: Uint8Array;
  /** On the monotonic clock. Means nothing while it waits for an answer of ours, unless it is new. */
  sessionDeadlineMs: number;
  /** It has never had an answer, so nothing says that there is anybody. */
  isNew: boolean;
}

/** What a member brings along each time that it joins. */
export type MemberTerms = Pick<Member, 'protocols' | 'sessionTimeoutMs' | 'rebalanceTimeoutMs'>;

/** The oldest clients name no time for a rebalance. */
export function termsOf(request: JoinRequest): MemberTerms {
  const { protocols, sessionTimeoutMs, rebalanceTimeoutMs = sessionTimeoutMs } = request;
  return { protocols, sessionTimeoutMs, rebalanceTimeoutMs: Math.max(rebalanceTimeoutMs, 0) };
}

/** Who is in a group, in the order in which they came, and which protocols all of them share. */
export class Members {
  #byId = new Map<string, Member>();
  readonly #instances = new Map<string, string>();
  /** By protocol: how many members can use it. */
  readonly #supporters = new Map<string, number>();
  #size = 0;

  get count(): number {
    return this.#byId.size;
  }

  /** Of names, metadata and assignments, roughly in bytes. */
  get size(): number {
    return this.#size;
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.#byId.values();
  }

  get(memberId: string): Member | undefined {
    return this.#byId.get(memberId);
  }

  ofInstance(instanceId: string | undefined): Member | undefined {
    const memberId = instanceId === undefined ? undefined : this.#instances.get(instanceId);
    return memberId === undefined ? undefined : this.#byId.get(memberId);
  }

  /** Fences: an instance id belongs to the member that came with it last. */
  claimed(memberId: string, instanceId: string | undefined): Member | GroupError {
    const known = this.#byId.get(memberId);
    if (instanceId === undefined) return known ?? 'unknown-member-id';
    const current = this.ofInstance(instanceId);
    if (current === undefined) return 'unknown-member-id';
    return current === known ? known : 'fenced-instance-id';
  }

  add(member: Member): void {
    assert(!this.#byId.has(member.memberId) && this.ofInstance(member.instanceId) === undefined, 'a member is added twice');
    this.#byId.set(member.memberId, member);
    if (member.instanceId !== undefined) this.#instances.set(member.instanceId, member.memberId);
    this.#count(member, 1);
  }

  remove(member: Member): void {
    if (!this.#byId.delete(member.memberId)) return;
    if (member.instanceId !== undefined) this.#instances.delete(member.instanceId);
    this.#count(member, -1);
  }

  /** Another process of the same instance takes its place, in the order too, and with it what is assigned there. */
  replace(member: Member, successor: Member): void {
    this.#byId = new Map(Array.from(this, (each) => (each === member ? [successor.memberId, successor] : [each.memberId, each])));
    if (successor.instanceId !== undefined) this.#instances.set(successor.instanceId, successor.memberId);
    this.#count(member, -1);
    this.#count(successor, 1);
  }

  update(member: Member, terms: MemberTerms): void {
    this.#count(member, -1);
    Object.assign(member, terms);
    this.#count(member, 1);
  }

  assign(member: Member, assignment: Uint8Array): void {
    this.#size += assignment.length - member.assignment.length;
    member.assignment = assignment;
  }

  /** All of them can use at least one of these. */
  canShare(protocols: readonly GroupProtocol[]): boolean {
    return protocols.some(({ name }) => this.#isShared(name));
  }

  /** Each votes for the first of its list that all can use; the most votes win, the earliest vote where two are even. */
  chooseProtocol(): string {
    const votes = new Map<string, number>();
    for (const { protocols } of this) {
      const vote = protocols.find(({ name }) => this.#isShared(name));
      assert(vote !== undefined, 'a member shares no protocol with its group');
      votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1);
    }
    const [chosen] = [...votes].reduce((best, each) => (each[1] > best[1] ? each : best), ['', 0]);
    return chosen;
  }

  /** The longest of all. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const member of this) longest = Math.max(longest, member.rebalanceTimeoutMs);
    return longest;
  }

  #isShared(name: string): boolean {
    return (this.#supporters.get(name) ?? 0) === this.#byId.size;
  }

  #count(member: Member, step: 1 | -1): void {
    for (const name of new Set(member.protocols.map((protocol) => protocol.name))) {
      const count = (this.#supporters.get(name) ?? 0) + step;
      if (count === 0) this.#supporters.delete(name);
      else this.#supporters.set(name, count);
    }
    this.#size += step * (namesSize(member) + metadataSize(member.protocols) + member.assignment.length);
  }
}

function namesSize({ memberId, instanceId = '', clientId, clientHost }: Member): number {
  return memberId.length + instanceId.length + clientId.length + clientHost.length;
}

/** With what each costs, however little it says. */
export function metadataSize(protocols: readonly GroupProtocol[]): number {
  return protocols.reduce((size, { name, metadata }) => size + name.length + metadata.length + 8, 0);
}

const nothing = new Uint8Array(0);

export function metadataOf(member: Member, protocolName: string | undefined): Uint8Array {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? nothing;
}
