import { exposition } from '../../metrics/exposition.js';
import type { MetricsRegistry } from '../../metrics/registry.js';
import type { NodeView } from '../../model/ports.js';
import type { GatewaySettings } from '../settings.js';
import type { Verbs } from '../verbs/verbs.js';
import type { Admission } from './admission.js';
import { getLogLevel, setLogLevel } from './log-level.js';
import type { HttpReply, HttpRequest } from './message.js';
import { healthz, metrics, node, readyz } from './node.js';
import { describe, openapiRoute } from './openapi.js';
import type { RecordViews, StaticFiles } from './ports.js';
import { produceRecords, readRecords } from './records.js';
import { securityHeaders, text } from './replies.js';
import type { Route, RouteContext } from './route.js';
import { staticFile } from './static.js';
import { alterTopic, createTopic, deleteTopic, getTopic, listTopics } from './topics.js';

export interface HttpOptions {
  readonly verbs: Verbs;
  readonly settings: Pick<GatewaySettings, 'restRecordsMax' | 'bodySizeMax'>;
  readonly ports: {
    readonly records: RecordViews;
    readonly files: StaticFiles;
    readonly metrics: MetricsRegistry;
    readonly node: NodeView;
  };
  readonly admission: Admission;
  /** Brings the gauges up to date. */
  readonly beforeMetrics: () => void;
}

/** Answers HTTP requests: the routes of the REST interface first, then files. */
export class Http {
  readonly routes: readonly Route[];
  readonly #files: StaticFiles;
  readonly #admission: Admission;
  readonly #context: RouteContext;
  #rotation = 0;

  constructor({ verbs, settings, ports, admission, beforeMetrics }: HttpOptions) {
    this.#admission = admission;
    this.#files = ports.files;
    const openapi = openapiRoute(() => describe(this.routes, ports.node.version));
    const topics = [listTopics, createTopic, getTopic, alterTopic, deleteTopic];
    this.routes = [healthz, readyz, metrics, openapi, node, getLogLevel, setLogLevel, ...topics, produceRecords, readRecords];
    this.#context = {
      verbs,
      records: ports.records,
      recordsMax: settings.restRecordsMax,
      sizeMax: settings.bodySizeMax,
      metrics: () => {
        beforeMetrics();
        return exposition(ports.metrics);
      },
      rotation: () => this.#rotation++,
    };
  }

  async serve(request: HttpRequest): Promise<HttpReply> {
    const shared = this.#headersFor(request);
    const isPreflight = request.method === 'OPTIONS' && 'access-control-allow-origin' in shared;
    const reply = isPreflight ? preflight : await this.#answer(request);
    return { ...reply, headers: { ...securityHeaders, ...shared, ...reply.headers } };
  }

  /** Pages of other origins may read answers only if their origin was allowed; others were turned away before. */
  #headersFor({ header }: HttpRequest): HttpReply['headers'] {
    const origin = header('origin');
    if (!this.#admission.isListed(origin)) return {};
    return { 'access-control-allow-origin': origin, 'cross-origin-resource-policy': 'cross-origin', vary: 'origin' };
  }

  #answer(request: HttpRequest): HttpReply | Promise<HttpReply> {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const allowed: string[] = [];
    for (const route of this.routes) {
      const path = match(route.path, request.path);
      if (path === undefined) continue;
      if (route.method === method) return route.answer(this.#context, request, path);
      allowed.push(route.method);
    }
    if (allowed.length > 0) return notAllowed(allowed);
    const file = staticFile(this.#files, request);
    if (file === undefined) return text(404, 'there is nothing here\n');
    return method === 'GET' ? file : notAllowed(['GET']);
  }
}

const preflight: HttpReply = {
  status: 204,
  headers: { 'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE', 'access-control-allow-headers': 'content-type' },
  body: '',
};

function notAllowed(methods: readonly string[]): HttpReply {
  const reply = text(405, `this path takes ${methods.join(', ')}\n`);
  return { ...reply, headers: { ...reply.headers, allow: methods.join(', ') } };
}

/** The segments that stand for something; undefined: another path. */
function match(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const actual = given[index] ?? '';
    if (segment.startsWith('{')) {
      const decoded = decodedSegment(actual);
      if (decoded === undefined || decoded === '') return undefined;
      found[segment.slice(1, -1)] = decoded;
    } else if (segment !== actual) return undefined;
  }
  return found;
}

function decodedSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
