import { assert } from '../model/assert.js';
import type { BrokerConfig } from '../model/broker-config.js';
import type { PortClaim } from './port-claim.js';

/**
 * The settings as they came to be bound: the ports that were chosen, addresses in place of the names that Kafka listeners were given.
 * Clients are told the names. Claims: of the gateway, then of each Kafka listener.
 */
export function boundConfig(config: BrokerConfig, [gateway, ...listeners]: readonly PortClaim[]): BrokerConfig {
  assert(gateway !== undefined && listeners.length === config.kafka.length, 'a claim for each address');
  const named = config['kafka-advertised'] ?? config.kafka.map(({ host }) => ({ host, port: 0 }));
  return {
    ...config,
    gateway: { host: config.gateway.host, port: gateway.port },
    kafka: listeners.map(({ host, port }) => ({ host, port })),
    'kafka-advertised': named.map(({ host, port }, index) => ({ host, port: port === 0 ? (listeners[index]?.port ?? 0) : port })),
  };
}
