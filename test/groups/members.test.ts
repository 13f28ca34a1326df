import { afterEach, expect, test } from 'vitest';
import { findCoordinator } from '../../ts/wire/kafka/schema/10-find-coordinator.js';
import { joinGroup } from '../../ts/wire/kafka/schema/11-join-group.js';
import { describeGroups } from '../../ts/wire/kafka/schema/15-describe-groups.js';
import { listGroups } from '../../ts/wire/kafka/schema/16-list-groups.js';
import { deleteGroups } from '../../ts/wire/kafka/schema/42-delete-groups.js';
import { ask } from '../kafka/ask.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { Broker, type BrokerOptions } from './broker.mjs';
import { bytes, Consumer, newest, oldest, text, whenLoaded } from './consumer.js';

removeDirectoriesAfterwards();

const brokers = new Set<Broker>();
afterEach(async () => {
  for (const broker of brokers) await broker.close();
  brokers.clear();
});

async function started(options: BrokerOptions = {}): Promise<Broker> {
  const broker = await Broker.start(await newDirectory(), options);
  brokers.add(broker);
  await broker.controller.createTopic({ name: 'orders', partitions: 3, configs: {} }, false);
  return broker;
}

test.each([
  ['oldest', oldest],
  ['newest', newest],
])('in the %s versions: two members share the work, commit, and one leaves', async (_, spoken) => {
  const broker = await started();
  const first = new Consumer(broker, 'workers', spoken);
  const second = new Consumer(broker, 'workers', spoken, { clientId: 'client-2' });
  const alone = await first.join();
  expect(alone).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'sticky', leader: first.memberId });
  expect(alone.members.map(({ memberId, metadata }) => [memberId, text(metadata)])).toEqual([[first.memberId, 'of client-1']]);
  expect(await first.sync([[first, 'all']])).toMatchObject({ errorCode: 0, assignment: bytes('all') });
  expect(await first.heartbeat()).toBe(0);

  const joined = second.join();
  await expect.poll(() => first.heartbeat()).toBe(27);
  const [again, other] = await Promise.all([first.join(), joined]);
  expect([again.generationId, other.generationId]).toEqual([2, 2]);
  expect(again.members.length).toBe(2);
  expect(other).toMatchObject({ leader: first.memberId, members: [] });
  const waiting = second.sync();
  const shared = [
    [first, 'half'],
    [second, 'rest'],
  ] as const;
  expect(text((await first.sync(shared)).assignment)).toBe('half');
  expect(text((await waiting).assignment)).toBe('rest');

  const epoch = spoken.fetch < 5 ? -1 : 1;
  expect(await second.commit('orders', [5, 6])).toEqual([0, 0]);
  expect(await first.fetch('orders', [0, 1, 2])).toEqual([
    [0, 5, epoch, 'm', 0],
    [1, 6, epoch, 'm', 0],
    [2, -1, -1, '', 0],
  ]);
  const stale = new Consumer(broker, 'workers', spoken);
  stale.memberId = first.memberId;
  stale.generationId = 1;
  expect(await stale.commit('orders', [1])).toEqual([22]);

  const left = await second.leave();
  expect(left.errorCode).toBe(0);
  expect(left.members).toEqual(spoken.leave < 3 ? [] : [{ memberId: second.memberId, groupInstanceId: null, errorCode: 0 }]);
  expect(await second.heartbeat()).toBe(25);
  expect(await first.heartbeat()).toBe(27);
  expect((await second.leave()).errorCode).toBe(spoken.leave < 3 ? 25 : 0);
});

test('who joins without an id in newer versions is given one; static members need none, and keep their place', async () => {
  const broker = await started();
  const request = { groupId: 'g', sessionTimeoutMs: 10_000, memberId: '', protocolType: 'connect', protocols: [] };
  const protocols = [{ name: 'compatible', metadata: bytes('x') }];
  const nameless = () => ask(broker, joinGroup, 4, { ...request, protocols });
  const refused = await whenLoaded(nameless, ({ errorCode }) => errorCode);
  expect(refused).toMatchObject({ errorCode: 79, generationId: -1, protocolName: '', leader: '', members: [] });
  expect(refused.memberId).toMatch(/^client-1-/);
  expect(await ask(broker, joinGroup, 9, { ...request, protocols })).toMatchObject({ errorCode: 79, protocolName: null });

  const consumer = new Consumer(broker, 'static', newest);
  expect(await consumer.join({ groupInstanceId: 'one' })).toMatchObject({ errorCode: 0, generationId: 1 });
  await consumer.sync([[consumer, 'mine']]);
  const successor = new Consumer(broker, 'static', newest);
  const back = await successor.join({ groupInstanceId: 'one' });
  expect(back).toMatchObject({ errorCode: 0, generationId: 1, skipAssignment: true });
  expect(text((await successor.sync()).assignment)).toBe('mine');
});

test.each([
  [0, 0, 0],
  [6, 5, 2],
])('tools see and delete groups: describe %i, list %i, delete %i', async (describe, list, remove) => {
  const broker = await started();
  const consumer = new Consumer(broker, 'seen', newest);
  await consumer.join();
  await consumer.sync([[consumer, 'all']]);
  await consumer.commit('orders', [1]);
  const groups = ['seen', 'never-seen'];
  const described = await ask(broker, describeGroups, describe, {
    groups,
    ...(describe < 3 ? {} : { includeAuthorizedOperations: true }),
  });
  expect(described.groups[0]).toMatchObject({
    errorCode: 0,
    groupId: 'seen',
    groupState: 'Stable',
    protocolType: 'consumer',
    protocolData: 'sticky',
    members: [
      {
        memberId: consumer.memberId,
        clientId: 'client-1',
        clientHost: '/192.0.2.7',
        memberMetadata: bytes('of client-1'),
        memberAssignment: bytes('all'),
      },
    ],
    authorizedOperations: describe < 3 ? -0x80000000 : 328,
  });
  expect(described.groups[1]).toMatchObject({ errorCode: describe < 6 ? 0 : 69, groupState: 'Dead', members: [] });

  const listed = await ask(broker, listGroups, list, {});
  const shown = list < 4 ? {} : { groupState: 'Stable' };
  expect(listed).toMatchObject({ errorCode: 0, groups: [{ groupId: 'seen', protocolType: 'consumer', ...shown }] });
  if (list === 5) {
    expect(listed.groups[0]?.groupType).toBe('classic');
    expect((await ask(broker, listGroups, list, { statesFilter: ['empty'] })).groups).toEqual([]);
    expect((await ask(broker, listGroups, list, { typesFilter: ['Classic'] })).groups.length).toBe(1);
  }

  const codes = async () =>
    (await ask(broker, deleteGroups, remove, { groupsNames: groups })).results.map(({ errorCode }) => errorCode);
  expect(await codes()).toEqual([68, 69]);
  await consumer.leave();
  expect(await codes()).toEqual([0, 69]);
  expect((await ask(broker, listGroups, list, {})).groups).toEqual([]);
});

test('without any group there is no topic of groups, and nothing to list; who asks for a coordinator makes it', async () => {
  const broker = await started();
  expect(await ask(broker, listGroups, 5, {})).toMatchObject({ errorCode: 0, groups: [] });
  expect(broker.verbs().routing.topic('__consumer_offsets')).toBeUndefined();
  const here = { nodeId: 1, host: 'broker.example', port: 9092, errorCode: 0 };
  expect(await ask(broker, findCoordinator, 0, { key: 'g' })).toMatchObject(here);
  const several = await ask(broker, findCoordinator, 6, { keyType: 0, coordinatorKeys: ['g', 'h'] });
  expect(several.coordinators).toMatchObject([
    { key: 'g', ...here },
    { key: 'h', ...here },
  ]);
  expect(broker.verbs().routing.topic('__consumer_offsets')?.partitions.length).toBe(16);
});

test('transactions and share groups are refused for good', async () => {
  const broker = await started();
  expect(await ask(broker, findCoordinator, 1, { key: 't', keyType: 1 })).toMatchObject({ errorCode: 53, nodeId: -1 });
  const newer = await ask(broker, findCoordinator, 4, { keyType: 1, coordinatorKeys: ['t'] });
  expect(newer.coordinators).toMatchObject([
    { key: 't', errorCode: 53, errorMessage: expect.stringContaining('transactional.id') },
  ]);
  expect((await ask(broker, findCoordinator, 6, { keyType: 2, coordinatorKeys: ['s'] })).coordinators[0]?.errorCode).toBe(42);
});
