import type { Random } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import { kafkaErrors } from '../../wire/kafka/error-codes.js';
import { type FetchRequest, type FetchResponse, FetchSession, sessionSizeOf, type TopicRequest } from './fetch-session.js';

// KIP-227. A client that names all its partitions is given a session; from then on it says what changed, and is told what changed.
// What a request is says its epoch:
//
//    0         all that is wanted stands in it; whatever session it names is over, and a new one begins if there is room
//   -1         the same, without a new one: also what requests from before sessions say
//   1, 2, …    goes on with its session, which is at that epoch, or is refused: its client begins anew with 0
//
// A session belongs to the node's thread that began it. Its client may go on with it over another connection; where the system gives that
// one to another thread, the session is not known there, and the client begins anew, as it would after a restart. That another client's
// has the same id there, and is at the same epoch, is for chance alone.

/** A session that nobody used for so long gives way to a new one; one that is as old gives way to a larger one. */
const restMs = 120_000;
const epochMax = 0x7fffffff;
const [initialEpoch, finalEpoch] = [0, -1];

export interface FetchSessionsLimits {
  readonly countMax: number;
  /** In memory, about. */
  readonly sizeMax: number;
}

/** One request: what it wants, and how that is told. */
export interface FetchTurn {
  readonly topics: readonly TopicRequest[];
  /** The answers to `topics`, in their order. Once. */
  tell(responses: FetchResponse['responses'], nowMs: number): FetchResponse;
}

/** Lives on: a gateway thread. Owned by: its Kafka door. */
export class FetchSessions {
  readonly #limits: FetchSessionsLimits;
  readonly #random: Random;
  /** Who was used last is the last. */
  readonly #sessions = new Map<number, FetchSession>();
  #size = 0;

  constructor(limits: FetchSessionsLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
  }

  get count(): number {
    return this.#sessions.size;
  }

  get size(): number {
    return this.#size;
  }

  /** Or the code of the refusal. Requests about one session come here in their order. */
  take(request: FetchRequest, isById: boolean, nowMs: number): Result<FetchTurn, number> {
    const { sessionId, sessionEpoch, topics } = request;
    if (sessionEpoch !== initialEpoch && sessionEpoch !== finalEpoch) return this.#goOn(request, isById, nowMs);
    this.#end(this.#sessions.get(sessionId));
    return ok(sessionEpoch === finalEpoch ? alone(topics) : this.#begun(topics, isById));
  }

  #begun(topics: readonly TopicRequest[], isById: boolean): FetchTurn {
    return {
      topics,
      tell: (responses, nowMs) => {
        const session = this.#open(topics, isById, nowMs);
        session?.note(responses);
        return { sessionId: session?.id ?? 0, responses };
      },
    };
  }

  /** Undefined: there is no room, and the client goes on naming all that it wants. */
  #open(topics: readonly TopicRequest[], isById: boolean, nowMs: number): FetchSession | undefined {
    if (topics.every(({ partitions }) => partitions.length === 0)) return undefined;
    if (!this.#makeRoom(sessionSizeOf(topics), nowMs)) return undefined;
    const session = new FetchSession(this.#newId(), isById, nowMs);
    session.want(topics);
    this.#sessions.set(session.id, session);
    this.#size += session.size;
    return session;
  }

  #newId(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#random.bytes(4);
    const id = ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d;
    return id === 0 || this.#sessions.has(id) ? this.#newId() : id;
  }

  #goOn(request: FetchRequest, isById: boolean, nowMs: number): Result<FetchTurn, number> {
    const session = this.#sessions.get(request.sessionId);
    if (session === undefined) return failed(kafkaErrors.FETCH_SESSION_ID_NOT_FOUND.code);
    if (session.epoch !== request.sessionEpoch) return failed(kafkaErrors.INVALID_FETCH_SESSION_EPOCH.code);
    if (session.isById !== isById) return failed(kafkaErrors.FETCH_SESSION_TOPIC_ID_ERROR.code);
    if (!this.#change(session, request, nowMs)) return failed(kafkaErrors.FETCH_SESSION_ID_NOT_FOUND.code);
    if (session.isEmpty) {
      this.#end(session);
      return ok(alone([]));
    }
    const epoch = epochAfter(session.epoch);
    session.epoch = epoch;
    return ok({ topics: session.wanted(), tell: (responses) => toldIn(session, epoch, responses) });
  }

  /** False: it wants more than there is room for, and is over. */
  #change(session: FetchSession, { topics, forgottenTopicsData }: FetchRequest, nowMs: number): boolean {
    this.#sessions.delete(session.id);
    this.#size -= session.size;
    session.forget(forgottenTopicsData);
    session.want(topics);
    session.usedMs = nowMs;
    if (!this.#makeRoom(session.size, nowMs)) return false;
    this.#sessions.set(session.id, session);
    this.#size += session.size;
    return true;
  }

  #end(session: FetchSession | undefined): void {
    if (session !== undefined && this.#sessions.delete(session.id)) this.#size -= session.size;
  }

  /** For a session of this size; ends others if that is what it takes, and none if that would not be enough. */
  #makeRoom(size: number, nowMs: number): boolean {
    const { countMax, sizeMax } = this.#limits;
    if (countMax === 0 || size > sizeMax) return false;
    let [count, used] = [this.#sessions.size, this.#size];
    const hasRoom = () => count < countMax && used + size <= sizeMax;
    if (hasRoom()) return true;
    const ended: FetchSession[] = [];
    for (const session of this.#yielding(size, nowMs)) {
      ended.push(session);
      count -= 1;
      used -= session.size;
      if (hasRoom()) break;
    }
    if (!hasRoom()) return false;
    for (const session of ended) this.#end(session);
    return true;
  }

  /** Those that would give way, the first first: who rests, the longest first, then who is smaller and not new, the smallest first. */
  #yielding(size: number, nowMs: number): readonly FetchSession[] {
    const all = [...this.#sessions.values()];
    const rests = ({ usedMs }: FetchSession) => nowMs - usedMs > restMs;
    const smaller = all.filter((each) => !rests(each) && each.size < size && nowMs - each.createdMs > restMs);
    return [...all.filter(rests), ...smaller.sort((one, other) => one.size - other.size)];
  }
}

export function epochAfter(epoch: number): number {
  return epoch === epochMax ? 1 : epoch + 1;
}

function alone(topics: readonly TopicRequest[]): FetchTurn {
  return { topics, tell: (responses) => ({ sessionId: 0, responses }) };
}

function toldIn(session: FetchSession, epoch: number, responses: FetchResponse['responses']): FetchResponse {
  // A later request has overtaken this one: what its client knows after both could not be told.
  if (session.epoch !== epoch) {
    return { errorCode: kafkaErrors.INVALID_FETCH_SESSION_EPOCH.code, sessionId: session.id, responses: [] };
  }
  const news = session.news(responses);
  session.note(news);
  return { sessionId: session.id, responses: news };
}
