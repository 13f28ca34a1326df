import { BadField, type FieldReader, FieldWriter } from './fields.js';

// Kafka's GroupMetadataValue.
//
//   0  protocol type string, generation i32, protocol string?, leader string?, members:
//        id string, client id string, client host string, session timeout i32, subscription bytes, assignment bytes
//   1  … with rebalance timeout i32 before the session timeout
//   2  … with the time of the last change of state i64 before the members
//   3  … with instance id string? behind the id; written here
//   4  as 3, flexible

const versionMax = 4;
const versionWritten = 3;

export interface StoredMember {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** Its metadata under the protocol that was chosen. */
  readonly subscription: Uint8Array;
  readonly assignment: Uint8Array;
}

/** A group as it was when its generation got its assignment, or when it became empty. */
export interface GroupMetadata {
  /** Empty: nobody ever joined. */
  readonly protocolType: string;
  readonly generationId: number;
  readonly protocolName: string | undefined;
  readonly leaderId: string | undefined;
  /** Undefined in the oldest versions. */
  readonly changedAtMs: number | undefined;
  readonly members: readonly StoredMember[];
}

export function encodeGroupMetadata(group: GroupMetadata): Uint8Array {
  const writer = new FieldWriter().i16(versionWritten).string(group.protocolType).i32(group.generationId);
  writer
    .string(group.protocolName)
    .string(group.leaderId)
    .i64(group.changedAtMs ?? -1)
    .i32(group.members.length);
  for (const member of group.members) {
    writer.string(member.memberId).string(member.instanceId).string(member.clientId).string(member.clientHost);
    writer.i32(member.rebalanceTimeoutMs).i32(member.sessionTimeoutMs);
    writer.bytesField(member.subscription).bytesField(member.assignment);
  }
  return writer.bytes;
}

export const groupMetadataIsFlexible = (version: number) => version >= 4;

/** What `reader` holds behind the version. */
export function readGroupMetadata(reader: FieldReader, version: number): GroupMetadata {
  if (version < 0 || version > versionMax) throw new BadField(`group metadata of version ${version}`);
  const protocolType = reader.string();
  const generationId = reader.i32();
  const protocolName = reader.nullableString();
  const leaderId = reader.nullableString();
  const changedAtMs = version >= 2 ? reader.i64() : -1;
  const members = reader.list(() => readMember(reader, version));
  reader.tagged();
  return {
    protocolType,
    generationId,
    protocolName,
    leaderId,
    changedAtMs: changedAtMs < 0 ? undefined : changedAtMs,
    members,
  };
}

function readMember(reader: FieldReader, version: number): StoredMember {
  const memberId = reader.string();
  const instanceId = version >= 3 ? reader.nullableString() : undefined;
  const clientId = reader.string();
  const clientHost = reader.string();
  const rebalanceTimeoutMs = version >= 1 ? reader.i32() : -1;
  const sessionTimeoutMs = reader.i32();
  const subscription = reader.bytesField();
  const assignment = reader.bytesField();
  reader.tagged();
  return {
    memberId,
    instanceId,
    clientId,
    clientHost,
    // Before there was one, the session timeout served.
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    sessionTimeoutMs,
    subscription,
    assignment,
  };
}
