import { request } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { type Address, addressText } from '../../model/quantities.js';

/** What answers at an address. */
export type Answerer =
  | { readonly kind: 'gateway' }
  /** A gateway that refuses us, in its words. */
  | { readonly kind: 'refusal'; readonly text: string }
  /** Nobody: the system's reason. */
  | { readonly kind: 'nobody'; readonly code: string }
  | { readonly kind: 'kafka' }
  /** Something that speaks HTTP, or nothing known. */
  | { readonly kind: 'http' | 'stranger' };

const timeoutMs = 3_000;
const bodySizeMax = 64 << 10;

/** Codes with which the system says that there was no connection at all. */
const noConnection: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
]);

interface Page {
  readonly status: number;
  readonly body: string;
}

/** Asks at an address who is there, so that an error can say what to do about it. */
export async function probe(address: Address): Promise<Answerer> {
  const page = await nodePage(address);
  if (typeof page === 'string') {
    if (noConnection.has(page)) return { kind: 'nobody', code: page };
    return { kind: (await speaksKafka(address)) ? 'kafka' : 'stranger' };
  }
  if (page.status === 200 && isNodePage(page.body)) return { kind: 'gateway' };
  if (page.status === 403 && page.body.startsWith('this node ')) return { kind: 'refusal', text: page.body.trim() };
  return { kind: 'http' };
}

function isNodePage(body: string): boolean {
  try {
    const page: unknown = JSON.parse(body);
    return typeof page === 'object' && page !== null && 'clusterId' in page && 'nodeId' in page;
  } catch {
    return false;
  }
}

/** What the REST interface says of the node; a string: the code with which there was no answer. */
function nodePage({ host, port }: Address): Promise<Page | string> {
  return new Promise((resolve) => {
    const headers = { host: addressText({ host, port }) };
    const asked = request({ host, port, path: '/api/v1/node', headers, agent: false, timeout: timeoutMs }, (reply) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text: string) => {
        body += text;
        if (body.length > bodySizeMax) asked.destroy();
      });
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body }));
      reply.on('error', () => resolve('cut'));
      reply.on('aborted', () => resolve('cut'));
    });
    asked.on('timeout', () => {
      const isConnected = asked.socket?.connecting === false;
      resolve(isConnected ? 'silent' : 'ETIMEDOUT');
      asked.destroy();
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
    asked.end();
  });
}

/** Asks which versions it speaks, as every Kafka client does first. */
function speaksKafka({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ host, port, timeout: timeoutMs }, () => socket.write(apiVersionsRequest()));
    let answer: Buffer = Buffer.alloc(0);
    const end = (isKafka: boolean) => {
      socket.destroy();
      resolve(isKafka);
    };
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length >= 8) end(answer.readInt32BE(4) === correlationId);
    });
    socket.on('error', () => end(false));
    socket.on('timeout', () => end(false));
    socket.on('end', () => end(false));
  });
}

const correlationId = 0x6d72;

/** size · api 18 · version 0 · correlation id · client id */
function apiVersionsRequest(): Buffer {
  const client = Buffer.from('millrace');
  const bytes = Buffer.alloc(14 + client.length);
  bytes.writeInt32BE(bytes.length - 4, 0);
  bytes.writeInt16BE(18, 4);
  bytes.writeInt32BE(correlationId, 8);
  bytes.writeInt16BE(client.length, 12);
  client.copy(bytes, 14);
  return bytes;
}
