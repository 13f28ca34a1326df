import type { Failure, FoundOffset, PartitionDescription } from '../../../model/ports.js';
import type { Result } from '../../../model/result.js';
import type { Decoded, Encodable } from '../../../wire/kafka/field.js';
import { listOffsets } from '../../../wire/kafka/schema/02-list-offsets.js';
import type { Served } from '../../routing.js';
import { newestRecord } from '../../verbs/newest-record.js';
import { eachPartition } from './each-partition.js';
import { epochRefusal } from './epochs.js';
import { codeOf, type Exchange, row } from './row.js';

type Request = Decoded<typeof listOffsets.request.fields>;
type PartitionRequest = Request['topics'][number]['partitions'][number];
type PartitionResponse = Encodable<typeof listOffsets.response.fields>['topics'][number]['partitions'][number];
type Tell = (response: PartitionResponse) => void;

/** Times that stand for places. Nothing is ever tiered here: the local log is the whole log. */
const latest = -1;
const earliest = -2;
const newest = -3;
const earliestLocal = -4;
const latestTiered = -5;
const earliestNotUploaded = -6;

export const listOffsetsRow = row(listOffsets, (exchange, { topics }, answer, version) => {
  eachPartition(
    topics,
    ({ name }, partition, tell: Tell) => {
      // Older versions have no epochs.
      const told: Tell = version < 4 ? (response) => tell({ ...response, leaderEpoch: -1 }) : tell;
      find(exchange, name, partition, told);
    },
    (answers) => answer({ topics: topics.map(({ name }, index) => ({ name, partitions: answers[index] ?? [] })) }),
  );
});

function find({ verbs }: Exchange, topic: string, partition: PartitionRequest, tell: Tell): void {
  const { partitionIndex, currentLeaderEpoch, timestamp } = partition;
  const found = verbs.routing.find(topic, partitionIndex);
  if (!found.ok) {
    tell(refused(partitionIndex, codeOf(found.error)));
    return;
  }
  const served = found.value;
  const refusal = epochRefusal({ asked: currentLeaderEpoch, known: served.route.leaderEpoch });
  if (refusal !== 0) tell(refused(partitionIndex, refusal));
  else if (timestamp === latestTiered) tell({ partitionIndex, errorCode: 0 });
  else if (timestamp === newest) newestRecord(served, (result) => tell(foundResponse(partitionIndex, result)));
  else if (timestamp >= 0) findByTime(served, timestamp, (result) => tell(foundResponse(partitionIndex, result)));
  else if (places.has(timestamp)) describe(served, (result) => tell(placeResponse(partition, result)));
  else tell(refused(partitionIndex, codeOf({ error: 'invalid-request' })));
}

const places: ReadonlySet<number> = new Set([latest, earliest, earliestLocal, earliestNotUploaded]);

function findByTime(
  { calls, route }: Served,
  timestampMs: number,
  done: (found: Result<FoundOffset | undefined, Failure>) => void,
) {
  calls.call<FoundOffset | undefined>((port, answer) => port.find(route.handle, timestampMs, answer), done);
}

function describe({ calls, route }: Served, done: (result: Result<PartitionDescription, Failure>) => void): void {
  calls.call<PartitionDescription>((port, answer) => port.describe(route.handle, answer), done);
}

/** No record that young is no error: offset and time stay unknown. */
function foundResponse(partitionIndex: number, result: Result<FoundOffset | undefined, Failure>): PartitionResponse {
  if (!result.ok) return refused(partitionIndex, codeOf(result.error));
  if (result.value === undefined) return { partitionIndex, errorCode: 0 };
  const { offset, timestampMs, leaderEpoch } = result.value;
  // A record may claim any time that 64 bits hold.
  const timestamp = Math.min(timestampMs, Number.MAX_SAFE_INTEGER);
  return { partitionIndex, errorCode: 0, offset, timestamp, leaderEpoch };
}

function placeResponse(
  { partitionIndex, timestamp }: PartitionRequest,
  result: Result<PartitionDescription, Failure>,
): PartitionResponse {
  if (!result.ok) return refused(partitionIndex, codeOf(result.error));
  const { logStart, highWatermark, leaderEpoch } = result.value;
  return { partitionIndex, errorCode: 0, offset: timestamp === latest ? highWatermark : logStart, leaderEpoch };
}

function refused(partitionIndex: number, errorCode: number): PartitionResponse {
  return { partitionIndex, errorCode };
}
