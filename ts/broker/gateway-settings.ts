import { defaultSettings, type GatewaySettings } from '../gateway/settings.js';
import type { BrokerConfig } from '../model/broker-config.js';
import { addressText } from '../model/quantities.js';
import type { MemoryPlan } from './memory.js';

/** What the node's settings and its share of memory come to for one gateway. */
export function gatewaySettings(config: BrokerConfig, memory: MemoryPlan, gatewaysCount: number): GatewaySettings {
  const { gateway } = config;
  const inFlightMax = Math.min(config['in-flight-size-max'], memory.receiveSizeMax);
  return {
    ...defaultSettings,
    kafka: {
      listeners: config.kafka.map((bound, index) => ({ ...bound, advertised: config['kafka-advertised']?.[index] ?? bound })),
      sharesPort: gatewaysCount > 1,
      poolSize: memory.kafkaPoolSize,
      roomSizeMax: memory.kafkaPoolSize,
      burdenMax: memory.kafkaBurdenMax,
      fetchSessions: {
        countMax: Math.ceil(config['max.incremental.fetch.session.cache.slots'] / gatewaysCount),
        sizeMax: memory.fetchSessionsSize,
      },
      connectionsMax: config['connections-max'],
      connectionsPerAddressMax: config['connections-per-address-max'] ?? config['connections-max'],
      requestSizeMax: config['socket.request.max.bytes'],
      idleMs: config['connections.max.idle.ms'],
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
