import { expect, test } from 'vitest';
import { coordinatorProbe } from '../../ts/coordinator/probe.js';
import { coordinatorDefaults } from '../../ts/coordinator/settings.js';
import { ShardGroups } from '../../ts/coordinator/shard-groups.js';
import { newPage } from '../../ts/metrics/page.js';
import type { GroupAnswer, GroupRefusal, ListedGroup } from '../../ts/model/group-requests.js';
import { failed, type Result } from '../../ts/model/result.js';
import { ManualClock } from '../gateway/memory-cluster.js';
import { MemoryLog } from './memory-log.js';
import { turn } from './rig.js';

/** Of four partitions this shard leads two. */
function rig(handles: readonly [number, number]) {
  const logs = new Map<number, MemoryLog>();
  const openLog = (handle: number) => {
    if (logs.has(handle)) throw new Error(`log ${handle} is opened twice`);
    const log = new MemoryLog();
    logs.set(handle, log);
    return log;
  };
  const groups = new ShardGroups({
    openLog,
    clock: new ManualClock(),
    random: { bytes: (size) => new Uint8Array(size) },
    settings: coordinatorDefaults,
    page: newPage(coordinatorProbe),
    onProblem: () => undefined,
    debug: { debug: () => undefined, info: () => undefined },
  });
  const lead = ([first, second]: readonly [number, number]) => {
    const partitions = [
      { partition: 1, handle: first },
      { partition: 3, handle: second },
    ];
    groups.lead(partitions, 4);
  };
  lead(handles);
  return { groups, logs, lead };
}

async function fetched(groups: ShardGroups, groupId: string): Promise<GroupAnswer<'fetchOffsets'> | undefined> {
  let answer: GroupAnswer<'fetchOffsets'> | undefined;
  groups.ask('fetchOffsets', { groupId, topics: undefined }, (given) => {
    answer = given;
  });
  await turn();
  return answer;
}

async function listed(groups: ShardGroups): Promise<Result<readonly ListedGroup[], GroupRefusal> | undefined> {
  let answer: Result<readonly ListedGroup[], GroupRefusal> | undefined;
  groups.list({ states: [], types: [] }, (given) => {
    answer = given;
  });
  await turn();
  return answer;
}

// Java's hash of one letter is its code.
const [inFirst, inSecond, elsewhere] = ['a', 'c', 'b'];

test('each group is asked where it lives; what this shard does not lead, or has not heard of, is not taken for empty', async () => {
  const { groups, logs, lead } = rig([5, 6]);
  await turn();
  expect([await fetched(groups, inFirst ?? ''), await fetched(groups, inSecond ?? '')]).toMatchObject([
    { ok: true },
    { ok: true },
  ]);
  expect(await fetched(groups, elsewhere ?? '')).toEqual(failed({ error: 'coordinator-load-in-progress' }));
  // The view comes again with every change of the topic.
  lead([5, 6]);
  expect([...logs.keys()]).toEqual([5, 6]);
});

test('a partition that could not be opened has groups that nobody knows, until it is', async () => {
  const { groups, lead } = rig([5, -1]);
  await turn();
  expect(await fetched(groups, inFirst ?? '')).toMatchObject({ ok: true });
  expect(await fetched(groups, inSecond ?? '')).toEqual(failed({ error: 'coordinator-not-available' }));
  expect(await listed(groups)).toEqual(failed({ error: 'coordinator-not-available' }));
  lead([5, 6]);
  await turn();
  expect(await fetched(groups, inSecond ?? '')).toMatchObject({ ok: true });
  expect(await listed(groups)).toEqual({ ok: true, value: [] });
});
