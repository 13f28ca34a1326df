import type { CompleteSettings } from '../../../model/topic-settings.js';
import { BadField, type FieldReader, type FieldWriter } from './fields.js';

// The configuration of a log as recovery reads it, laid out in native/src/store/topics/record.rs:
//   batch size max u32 · segment size max u64 · segment age max ms u64 · index interval u32 · LogAppendTime u8 · durability u8 ·
//   retention ms u64 · retention size u64 (of both: all ones for none) · producer expiration ms u64

const none = 2n ** 64n - 1n;
const producerExpirationMs = 86_400_000;
const durabilities = ['fsync', 'replicated'] as const;

export function encodeSettings(settings: CompleteSettings, fields: FieldWriter): void {
  fields
    .u32(settings.batchSizeMax)
    .u64(settings.segmentSizeMax)
    .u64(settings.segmentAgeMaxMs)
    .u32(settings.indexInterval)
    .u8(settings.isLogAppendTime ? 1 : 0)
    .u8(durabilities.indexOf(settings.durability))
    .u64(settings.retentionMs < 0 ? none : settings.retentionMs)
    .u64(settings.retentionSize < 0 ? none : settings.retentionSize)
    .u64(producerExpirationMs);
}

export function decodeSettings(fields: FieldReader): CompleteSettings {
  const settings = {
    batchSizeMax: fields.u32(),
    segmentSizeMax: bounded(fields.u64()),
    segmentAgeMaxMs: bounded(fields.u64()),
    indexInterval: fields.u32(),
    isLogAppendTime: fields.u8() !== 0,
    durability: durabilityOf(fields.u8()),
    retentionMs: bound(fields.u64()),
    retentionSize: bound(fields.u64()),
  };
  fields.u64();
  return settings;
}

function durabilityOf(code: number): CompleteSettings['durability'] {
  const durability = durabilities[code];
  if (durability === undefined) throw new BadField(`no durability has the number ${code}`);
  return durability;
}

function bound(value: bigint): number {
  return value === none ? -1 : bounded(value);
}

function bounded(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}
