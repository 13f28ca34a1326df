import { readFileSync } from 'node:fs';
import { type Address, addressText, parseAddress } from '../../model/quantities.js';
import { defaultGateway } from './bootstrap.js';
import { type Answerer, probe } from './probe.js';

/** Why there is no gateway at this address, and what to do; for people. */
export async function noGateway(asked: Address, found: Exclude<Answerer, { kind: 'gateway' }>): Promise<string> {
  const at = addressText(asked);
  if (found.kind === 'refusal') return `${at} refuses: ${found.text}`;
  const there = await gatewayNear(asked);
  const hint = there === undefined ? usualHint(found.kind) : `a gateway answers at ${there}: --bootstrap ${there}`;
  return `${sentence(at, found)}; ${hint}`;
}

function sentence(at: string, found: Exclude<Answerer, { kind: 'gateway' | 'refusal' }>): string {
  switch (found.kind) {
    case 'nobody':
      return found.code === 'ECONNREFUSED' ? `nothing listens at ${at}` : `${at} cannot be reached (${found.code})`;
    case 'kafka':
      return `${at} is a Kafka port, not the gateway of a node`;
    case 'http':
      return `${at} is a web server, but not the gateway of a node`;
    case 'stranger':
      return `what answers at ${at} is not the gateway of a node`;
  }
}

function usualHint(kind: Answerer['kind']): string {
  if (kind === 'nobody') return 'start a node with: millrace start';
  return `a node prints the address of its gateway when it is ready, by default ${defaultGateway}`;
}

/** Another address where a gateway answers: of the node whose data directory is here, or the usual port of the same host. */
async function gatewayNear(asked: Address): Promise<string | undefined> {
  const candidates = [gatewayOfDirectory(), { host: asked.host, port: parseAddress(defaultGateway)?.port ?? 0 }];
  for (const candidate of candidates) {
    if (candidate === undefined || addressText(candidate) === addressText(asked)) continue;
    if ((await probe(candidate)).kind === 'gateway') return addressText(candidate);
  }
  return undefined;
}

function gatewayOfDirectory(): Address | undefined {
  try {
    const { gateway } = JSON.parse(readFileSync('data/node.json', 'utf8')) as { readonly gateway?: unknown };
    return typeof gateway === 'string' ? parseAddress(gateway.replace(/^https?:\/\//, '')) : undefined;
  } catch {
    return undefined;
  }
}
