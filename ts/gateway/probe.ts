import { counter, gauge, histogram, latencyBounds, valuesOf } from '../metrics/probe.js';
import { closeCodes } from './kafka/ends.js';
import { requestNames } from './websocket/messages/table.js';

/** Where bytes are copied, in the order of a record's way. */
export const copyPlaces = ['kafka-receive', 'waiting', 'shard', 'frame', 'library', 'kafka-send'] as const;

/** What a gateway thread counts. */
export const gatewayProbe = {
  connections: gauge('gateway_connections', 'none', 'WebSocket connections that are open.'),
  connectionsOpened: counter('gateway_connections_opened', 'none', 'WebSocket connections that were taken.'),
  connectionsRefused: counter(
    'gateway_connections_refused',
    'none',
    'WebSocket and HTTP requests refused for their Host, Origin, or too many.',
  ),
  connectionsClosed: counter(
    'gateway_connections_closed',
    'none',
    'Connections that this side closed, by reason.',
    valuesOf('reason', ['protocol', 'limit', 'idle', 'stalled', 'restart', 'internal']),
  ),
  requests: counter('gateway_requests', 'none', 'Requests that began, by kind.', valuesOf('request', requestNames)),
  requestsFailed: counter('gateway_requests_failed', 'none', 'Requests that were answered with an error.'),
  produceTime: histogram(
    'gateway_produce_time',
    'seconds',
    'From the arrival of a produce request to its answer.',
    latencyBounds,
  ),
  copied: counter(
    'gateway_copied',
    'bytes',
    'Bytes copied for clients: batches to shards, to where they waited before that, into frames; frames by the WebSocket library, once for each socket; of Kafka clients what was cut by a chunk of receive memory, and what a socket did not take.',
    valuesOf('where', copyPlaces),
  ),
  kafkaCrossings: counter('gateway_kafka_crossings', 'none', 'Calls from JavaScript into the sockets of Kafka clients.'),
  kafkaReceived: counter('gateway_kafka_received', 'bytes', 'Bytes received from Kafka clients.'),
  kafkaSent: counter('gateway_kafka_sent', 'bytes', 'Bytes sent to Kafka clients.'),
  kafkaSentFromFiles: counter(
    'gateway_kafka_sent_from_files',
    'bytes',
    'Of the bytes sent to Kafka clients those that went from the page cache to the socket, unread.',
  ),
  kafkaSentOn: counter(
    'gateway_kafka_sent_on',
    'bytes',
    'Of those from files the bytes that went to sockets which had been full without a wake-up of JavaScript, answers’ own bytes among them.',
  ),
  kafkaFallback: gauge(
    'gateway_kafka_sockets_fallback',
    'none',
    '1 where sockets of Kafka clients use epoll because io_uring is not to be had; the log says why.',
  ),
  received: counter('gateway_received', 'bytes', 'Bytes of messages from clients.'),
  pushed: counter('gateway_pushed', 'bytes', 'Bytes of batches framed for live subscribers, each once for all of them.'),
  publishes: counter('gateway_publishes', 'none', 'Frames published to live subscribers, each once for all of them.'),
  deliveries: counter('gateway_deliveries', 'none', 'Frames that reached live subscribers.'),
  caughtUp: counter('gateway_caught_up', 'bytes', 'Bytes of batches that subscribers got by reading, behind the tail.'),
  subscriptions: gauge('gateway_subscriptions', 'none', 'Subscriptions that are open.'),
  unsent: gauge('gateway_unsent', 'bytes', 'Bytes that may lie in send buffers: what P12 bounds.'),
  stalled: gauge('gateway_stalled_connections', 'none', 'Connections that do not take what was sent to them.'),
  waitingCalls: gauge('gateway_waiting_calls', 'none', 'Calls that wait for room in a ring.'),
  waitingSize: gauge('gateway_waiting', 'bytes', 'Batches that wait for room in a ring.'),
  waitingFetches: gauge('gateway_waiting_fetches', 'none', 'Fetches that wait for bytes.'),
  httpRequests: counter(
    'gateway_http_requests',
    'none',
    'HTTP requests by class of status.',
    valuesOf('status', ['2xx', '3xx', '4xx', '5xx']),
  ),
  kafkaBurden: gauge(
    'gateway_kafka_burden',
    'bytes',
    'About what requests of Kafka clients and their answers take of memory, records left out.',
  ),
  kafkaPostponed: gauge(
    'gateway_kafka_postponed_connections',
    'none',
    'Connections of Kafka clients whose requests wait for that memory.',
  ),
  kafkaConnections: gauge('gateway_kafka_connections', 'none', 'Connections of Kafka clients that are open.'),
  kafkaOpened: counter('gateway_kafka_connections_opened', 'none', 'Connections of Kafka clients that were taken.'),
  kafkaRefused: counter('gateway_kafka_connections_refused', 'none', 'Connections of Kafka clients refused as too many.'),
  kafkaClosed: counter(
    'gateway_kafka_connections_closed',
    'none',
    'Connections of Kafka clients that ended, by reason.',
    valuesOf('reason', closeCodes),
  ),
  kafkaRequests: counter('gateway_kafka_requests', 'none', 'Requests of Kafka clients.'),
  kafkaFetchSessions: gauge(
    'gateway_kafka_fetch_sessions',
    'none',
    'Kafka clients that need not name what they fetch each time.',
  ),
  kafkaFetchSessionsSize: gauge('gateway_kafka_fetch_sessions_held', 'bytes', 'Memory in which that is kept for them, about.'),
} as const;
