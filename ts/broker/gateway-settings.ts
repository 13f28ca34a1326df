import { defaultSettings, type GatewaySettings } from '../gateway/settings.js';
import type { BrokerConfig } from '../model/broker-config.js';
import { addressText } from '../model/quantities.js';
import type { MemoryPlan } from './memory.js';

/** Kafka's own defaults: socket.request.max.bytes and connections.max.idle.ms. */
const kafkaRequestSizeMax = 100 << 20;
const kafkaIdleMs = 600_000;

/** What the node's settings and its share of memory come to for one gateway. */
export function gatewaySettings(config: BrokerConfig, memory: MemoryPlan, gatewaysCount: number): GatewaySettings {
  const { gateway, kafka } = config;
  const inFlightMax = Math.min(config['in-flight-size-max'], memory.receiveSizeMax);
  return {
    ...defaultSettings,
    kafka: {
      ...kafka,
      advertised: config['kafka-advertised'] ?? kafka,
      sharesPort: gatewaysCount > 1,
      poolSize: memory.kafkaPoolSize,
      roomSizeMax: memory.kafkaPoolSize,
      connectionsMax: config['connections-max'],
      connectionsPerAddressMax: config['connections-per-address-max'] ?? config['connections-max'],
      requestSizeMax: kafkaRequestSizeMax,
      idleMs: kafkaIdleMs,
    },
    host: gateway.host,
    port: gateway.port,
    advertised: [addressText(gateway)],
    origins: config.origins ?? defaultSettings.origins,
    limits: {
      ...defaultSettings.limits,
      messageSizeMax: config['message-size-max'],
      batchSizeMax: config['message-size-max'],
      requestsMax: config['requests-max'],
      produceSizeInFlightMax: inFlightMax,
      subscriptionsMax: config['subscriptions-max'],
      idleMsMax: config['idle-seconds-max'] * 1000,
    },
    connectionsMax: config['connections-max'],
    // Beside the largest reply, which a socket takes in parts.
    unreadSizeMax: defaultSettings.unreadSizeMax + config['message-size-max'],
    unsentSizeMax: Math.min(defaultSettings.unsentSizeMax, memory.sendSizeMax),
    waitingSizeMax: memory.receiveSizeMax,
    largeReadSizeMax: memory.readSizeMax,
    gatherSizeMax: memory.gatherSizeMax,
    sendsFiles: config['fetch-strategy'] !== 'buffer',
  };
}
