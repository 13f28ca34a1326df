import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinGroup } from '../../ts/wire/kafka/schema/11-join-group.js';
import { heartbeat } from '../../ts/wire/kafka/schema/12-heartbeat.js';
import { killAll, type RunningNode } from '../node/process.mjs';
import { type Driver, killDrivers } from './driver.js';
import { createTopic, newNode } from './kafka-clients.js';
import { Wiretap } from './wiretap.js';

// Members that have a name of their own, which outlives their process: `group.instance.id`. Beside the asks of client-suite.ts a driver
// knows join {…, instance} and tells in `member` how many `revocations` there were; a member that is fenced fails that ask from then on.

// Longer than a process of any client takes to come back.
const sessionMs = 6000;
const patience = { timeout: 40_000, interval: 50 };
const partitions = [0, 1, 2, 3];
const topic = 'static';
const group = 'named';

interface Told {
  readonly assigned: readonly number[];
  readonly values: readonly string[];
  readonly revocations: number;
}

export function testStaticMembers(open: (kafka: string) => Promise<Driver> | Driver, fenced: RegExp): void {
  let tap: Wiretap;
  let node: RunningNode;

  beforeAll(async () => {
    tap = await Wiretap.open();
    node = await newNode(['--kafka-advertised', tap.address]);
    tap.target = node.kafka;
    await createTopic(node.gateway, topic, {}, partitions.length);
  });

  afterAll(async () => {
    await killDrivers();
    tap.close();
    killAll();
  });

  /** A process of its own for each, and nothing but the instance is the same in the next. */
  async function join(instance: string): Promise<Driver> {
    const driver = await open(tap.address);
    await driver.ask('join', { member: 'only', group, topic, sessionMs, instance });
    return driver;
  }

  const told = (driver: Driver) => driver.ask<Told>('member', { member: 'only' });
  const assigned = async (driver: Driver) => [...(await told(driver)).assigned].sort();
  const values = async (driver: Driver) => [...(await told(driver)).values].sort();
  const beats = (instance: string) => tap.of(heartbeat).filter(({ groupInstanceId }) => groupInstanceId === instance);
  const joins = (instance: string) => tap.of(joinGroup).filter(({ groupInstanceId }) => groupInstanceId === instance).length;

  async function send(driver: Driver, value: string): Promise<void> {
    for (const partition of partitions) {
      const records = [{ timestamp: 1, key: null, value: `${value} ${partition}`, headers: [] }];
      await driver.ask('produce', { topic, partition, records });
    }
  }

  /** Of the second heartbeat from now on: the answer to the first would have told it to join again. */
  async function generationOf(instance: string): Promise<number | undefined> {
    const count = beats(instance).length;
    await expect.poll(() => beats(instance).length, patience).toBeGreaterThan(count + 1);
    return beats(instance).at(-1)?.generationId;
  }

  /** Whatever `change` is, a member is told by no answer to its heartbeats that the group moves. */
  async function expectUndisturbed(instance: string, driver: Driver, change: () => Promise<void>): Promise<void> {
    const generation = await generationOf(instance);
    const [before, joinsBefore] = [await told(driver), joins(instance)];
    await change();
    expect(await generationOf(instance)).toBe(generation);
    expect(joins(instance)).toBe(joinsBefore);
    expect(await told(driver)).toMatchObject({ assigned: before.assigned, revocations: before.revocations });
  }

  test('static members: who comes back has its partitions, who is doubled is fenced, who is gone for a session is done without', async () => {
    let leader = await join('leader');
    await expect.poll(() => assigned(leader), patience).toEqual(partitions);
    let follower = await join('follower');
    await expect.poll(async () => (await assigned(leader)).length, patience).toBe(2);
    await expect.poll(async () => (await assigned(follower)).length, patience).toBe(2);
    const [ofLeader, ofFollower] = [await assigned(leader), await assigned(follower)];
    expect([...ofLeader, ...ofFollower].sort()).toEqual(partitions);
    const each = (value: string, some: readonly number[]) => some.map((partition) => `${value} ${partition}`);
    await send(leader, 'early');
    await expect.poll(() => values(leader), patience).toEqual(each('early', ofLeader));
    await expect.poll(() => values(follower), patience).toEqual(each('early', ofFollower));

    await expectUndisturbed('leader', leader, async () => {
      await follower.kill();
      follower = await join('follower');
      await expect.poll(() => assigned(follower), patience).toEqual(ofFollower);
    });
    // It is the leader who would be asked to share anew.
    await expectUndisturbed('follower', follower, async () => {
      await leader.kill();
      leader = await join('leader');
      await expect.poll(() => assigned(leader), patience).toEqual(ofLeader);
    });
    await send(leader, 'late');
    await expect.poll(() => values(leader), patience).toEqual(each('late', ofLeader));
    await expect.poll(() => values(follower), patience).toEqual(each('late', ofFollower));

    const doubled = follower;
    await expectUndisturbed('leader', leader, async () => {
      follower = await join('follower');
      await expect.poll(() => assigned(follower), patience).toEqual(ofFollower);
      await expect.poll(() => told(doubled).catch(String), patience).toMatch(fenced);
    });

    await follower.kill();
    const killedAt = performance.now();
    await expect.poll(() => assigned(leader), patience).toEqual(partitions);
    expect(performance.now() - killedAt).toBeGreaterThan(sessionMs / 2);
    await send(leader, 'last');
    const last = async () => (await values(leader)).filter((value) => value.startsWith('last'));
    await expect.poll(last, patience).toEqual(each('last', partitions));
  });
}
