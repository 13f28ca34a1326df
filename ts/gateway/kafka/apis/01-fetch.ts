import type { Offset } from '../../../model/offset.js';
import type { Failure } from '../../../model/ports.js';
import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import { fetch } from '../../../wire/kafka/schema/01-fetch.js';
import type { Gather } from '../../verbs/gather.js';
import { type AgreeingResults, gatherAgreeing, type ReaderEntry } from '../../verbs/gather-agreeing.js';
import type { PartitionRequest, PartitionResponse, TopicRequest, TopicResponse } from '../fetch-session.js';
import { spanOf } from '../outbox.js';
import { type EpochCheck, epochRefusal } from './epochs.js';
import { codeOf, type Exchange, row } from './row.js';
import { topicIn } from './topics.js';

/** Whoever wants to wait longer asks again. */
const waitMsMax = 300_000;

export const fetchRow = row(fetch, (exchange, request, answer, version) => {
  exchange.inTurn(() => {
    const { clock, gather } = exchange.verbs;
    const turn = exchange.sessions.take(request, version >= 13, clock.monotonicMs());
    if (!turn.ok) {
      answer({ errorCode: turn.error, sessionId: 0, responses: [] });
      return nothing;
    }
    const plan = planOf(exchange, turn.value.topics, version);
    const isRefused = plan.hasRefusals;
    const wanted = {
      entries: plan.entries,
      sizeMax: Math.max(request.maxBytes, 1),
      sizeMin: isRefused || plan.entries.length === 0 ? 0 : request.minBytes,
      waitMs: plan.entries.length === 0 || isRefused ? 0 : Math.min(request.maxWaitMs, waitMsMax),
    };
    return gatherAgreeing(gather, wanted, (results, letGo) => {
      answer(turn.value.tell(plan.tell(results), clock.monotonicMs()), letGo);
    });
  });
});

const nothing = () => undefined;

/** Readers by older versions do not know the codec. What single batches have in them is not looked at, as in Kafka. */
const zstdSince = 10;
const zstdTooEarly = kafkaErrors.UNSUPPORTED_COMPRESSION_TYPE.code;

/** Where a partition's answer comes from: an entry of the gathering, or a code that was known before. */
type Place = { readonly entry: number } | { readonly code: number };

function planOf({ verbs: { routing, gather } }: Exchange, topics: readonly TopicRequest[], version: number) {
  const entries: ReaderEntry[] = [];
  let hasRefusals = false;
  /** 0: it is read. */
  const add = (name: string, wanted: PartitionRequest): number => {
    const { partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch } = wanted;
    const found = routing.find(name, partition);
    if (!found.ok) return codeOf(found.error);
    if (version < zstdSince && routing.view.configsOf(name)?.['compression.type'] === 'zstd') return zstdTooEarly;
    const check: EpochCheck = { asked: currentLeaderEpoch, known: found.value.route.leaderEpoch };
    const refusal = epochRefusal(check);
    if (refusal !== 0) return refusal;
    if (fetchOffset < 0) return kafkaErrors.OFFSET_OUT_OF_RANGE.code;
    const sizeMax = Math.max(partitionMaxBytes, 1);
    entries.push({ served: found.value, offset: fetchOffset as Offset, sizeMax, lastEpoch: lastFetchedEpoch });
    return 0;
  };
  const places = topics.map(({ topic: name, topicId, partitions }) => {
    const topic = topicIn(routing, { name, topicId, isById: version >= 13 });
    return partitions.map((partition): Place => {
      const code = topic.ok ? add(topic.value, partition) : codeOf(topic.error);
      if (code === 0) return { entry: entries.length - 1 };
      hasRefusals = true;
      return { code };
    });
  });
  const tell = (results: AgreeingResults): readonly TopicResponse[] =>
    topics.map(({ topic, topicId, partitions }, at) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }, index) => told({ gather, entries, results }, partition, places[at]?.[index])),
    }));
  return { entries, hasRefusals, tell };
}

/** Consumers know few codes here, and end for others: what passes is told as a leader that is elsewhere, and they ask again. */
function fetchCodeOf(failure: Failure): number {
  const passes = failure.error === 'overloaded' || failure.error === 'shutting-down';
  return passes ? kafkaErrors.NOT_LEADER_OR_FOLLOWER.code : codeOf(failure);
}

interface Outcome {
  readonly gather: Gather;
  readonly entries: readonly ReaderEntry[];
  readonly results: AgreeingResults;
}

function told({ gather, entries, results }: Outcome, partitionIndex: number, place: Place | undefined): PartitionResponse {
  if (place === undefined || 'code' in place) return empty(partitionIndex, place?.code ?? -1);
  const result = results[place.entry];
  if (result === undefined || !result.ok) return empty(partitionIndex, result === undefined ? -1 : fetchCodeOf(result.error));
  const { logStart, highWatermark, batches, parting } = result.value;
  const served = entries[place.entry]?.served;
  return {
    partitionIndex,
    errorCode: 0,
    highWatermark,
    // Without transactions everything below it is decided.
    lastStableOffset: highWatermark,
    logStartOffset: logStart,
    divergingEpoch: parting && { epoch: parting.leaderEpoch, endOffset: parting.end },
    abortedTransactions: null,
    records: batches === undefined || served === undefined ? none : spanOf(gather, served, batches),
  };
}

function empty(partitionIndex: number, errorCode: number): PartitionResponse {
  return { partitionIndex, errorCode, highWatermark: -1, abortedTransactions: null, records: none };
}

const none = new Uint8Array(0);
