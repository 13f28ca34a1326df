import { isTopicId, type TopicId, topicIdBytes } from '../../../model/ids.js';
import { isOffset } from '../../../model/offset.js';
import type { Position as WirePosition } from '../../../wire/proto/generated/messages.js';
import type { Draft } from '../../../wire/proto/messages.js';
import { invalidArgument } from '../errors.js';

/** What a reader has of a partition: it wants `offset` next. */
export interface Position {
  readonly topicId: TopicId;
  readonly offset: number;
  /** Of the batch before `offset`; undefined if nothing was read. */
  readonly leaderEpoch: number | undefined;
}

/** Positions of a whole consumer: by topic, then partition. */
export type PositionVector = ReadonlyMap<string, ReadonlyMap<number, Position>>;

export function wirePosition({ topicId, offset, leaderEpoch }: Position): Draft<WirePosition> {
  return { topicId: topicIdBytes(topicId), offset, leaderEpoch };
}

// A token is text that survives URLs, headers and files: a version, then base64url of JSON. Whoever has it may read from there as
// far as the server lets them: it grants nothing.

const version = '1.';
type Row = readonly [topic: string, partition: number, topicId: string, offset: number, leaderEpoch?: number];

export function tokenOf(vector: PositionVector): string {
  const rows: Row[] = [];
  for (const [topic, partitions] of vector) {
    for (const [partition, { topicId, offset, leaderEpoch }] of partitions) {
      rows.push(
        leaderEpoch === undefined ? [topic, partition, topicId, offset] : [topic, partition, topicId, offset, leaderEpoch],
      );
    }
  }
  return version + base64url(JSON.stringify(rows));
}

function base64url(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function vectorOf(token: string): PositionVector {
  const vector = new Map<string, Map<number, Position>>();
  for (const [topic, partition, topicId, offset, leaderEpoch] of rowsOf(token)) {
    const partitions = vector.get(topic) ?? new Map<number, Position>();
    vector.set(topic, partitions);
    partitions.set(partition, { topicId: topicId as TopicId, offset, leaderEpoch });
  }
  return vector;
}

function rowsOf(token: string): readonly Row[] {
  try {
    if (!token.startsWith(version)) throw new Error('version');
    const binary = atob(token.slice(version.length).replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const rows: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (Array.isArray(rows) && rows.every(isRow)) return rows;
  } catch {
    // Told below, like rows that are none.
  }
  throw invalidArgument('this is no resume token of a consumer');
}

function isRow(row: unknown): row is Row {
  if (!Array.isArray(row) || row.length < 4 || row.length > 5) return false;
  const [topic, partition, topicId, offset, leaderEpoch = 0] = row as readonly unknown[];
  const areTexts = typeof topic === 'string' && typeof topicId === 'string' && isTopicId(topicId);
  return areTexts && [partition, offset, leaderEpoch].every((value) => typeof value === 'number' && isOffset(value));
}
