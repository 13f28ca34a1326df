import type { ErrorName } from '../../model/errors.js';
import { errors } from '../../model/errors.js';
import { millrace } from './generated/messages.js';

// Enums of the protocol and the names that the code has for them. Numbers that a newer peer sends have no name here.

const { v1 } = millrace;

export const acks = { all: v1.Acks.ACKS_ALL, leader: v1.Acks.ACKS_LEADER, none: v1.Acks.ACKS_NONE } as const;
export type Acks = keyof typeof acks;

export const durabilities = {
  none: v1.Durability.DURABILITY_UNSPECIFIED,
  replicated: v1.Durability.DURABILITY_REPLICATED,
  fsync: v1.Durability.DURABILITY_FSYNC,
} as const;
export type AckedDurability = keyof typeof durabilities;

export const retries = {
  never: v1.Retry.RETRY_NEVER,
  later: v1.Retry.RETRY_LATER,
  reconnect: v1.Retry.RETRY_RECONNECT,
  refresh: v1.Retry.RETRY_REFRESH,
} as const;

export const configSources = {
  default: v1.ConfigSource.CONFIG_SOURCE_DEFAULT,
  node: v1.ConfigSource.CONFIG_SOURCE_NODE,
  topic: v1.ConfigSource.CONFIG_SOURCE_TOPIC,
} as const;
export type ConfigSourceName = keyof typeof configSources;

const errorCodes = Object.fromEntries(Object.entries(errors).map(([name, { code }]) => [name, code]));

/** The name of an enum's number; undefined for one that this version does not know. */
function nameIn<Name extends string>(table: Readonly<Record<Name, number>>): (value: number) => Name | undefined {
  const names = new Map((Object.entries(table) as [Name, number][]).map(([name, value]) => [value, name]));
  return (value) => names.get(value);
}

export const acksNamed = nameIn(acks);
export const durabilityNamed = nameIn(durabilities);
export const retryNamed = nameIn(retries);
export const configSourceNamed = nameIn(configSources);
export const errorNamed = nameIn(errorCodes as Readonly<Record<ErrorName, number>>);
