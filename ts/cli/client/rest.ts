import { request } from 'node:http';
import { type Address, addressText } from '../../model/quantities.js';
import { MillraceError, ServerError } from '../../sdk/node/index.js';

const timeoutMs = 10_000;
const bodySizeMax = 1 << 20;

interface Asked {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly body?: object;
}

/** Asks a node over its REST interface, for what is the node's own affair. Throws what the node says against it. */
export async function askNode(address: Address, asked: Asked): Promise<Readonly<Record<string, unknown>>> {
  const { status, text } = await exchange(address, asked);
  const answer = parsed(text);
  if (status === 200 && answer !== undefined) return answer;
  if (status === 404)
    throw new ServerError('unknown-error', `${addressText(address)} does not know this: it is older than this command`);
  const { error } = answer ?? {};
  const said = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : text.trim();
  throw new ServerError('unknown-error', `${addressText(address)} answers ${status}: ${said}`);
}

function exchange(address: Address, { method, path, body }: Asked): Promise<{ readonly status: number; readonly text: string }> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new MillraceError('connection-failed', `${addressText(address)}: ${why}`));
    const headers = { host: addressText(address), 'content-type': 'application/json' };
    const sent = request({ host, port, path, method, headers, agent: false, timeout: timeoutMs }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.length > bodySizeMax) sent.destroy();
      });
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
      reply.on('aborted', () => fail('the answer was cut'));
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    sent.on('error', (error) => fail(error.message));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
