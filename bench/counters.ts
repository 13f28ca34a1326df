/** What `strace -f -y` saw of one thread between two marks. */
export interface SeenCalls {
  readonly enters: number;
  /** Reads and writes of the descriptor given. */
  readonly ofDescriptor: number;
  /** By name, all of them. */
  readonly byName: ReadonlyMap<string, number>;
}

/** Calls that fail because there is no such file; the scenario makes them so that a trace can be cut. */
export const marks = { begin: '/millrace-bench-begin', end: '/millrace-bench-end' } as const;

/** Counts calls of the thread that made the marks, between them. A sentence if the trace lacks one. */
export function countCalls(trace: string, descriptor: number): SeenCalls | string {
  const calls = trace.split('\n').flatMap((line) => callOf(line) ?? []);
  const begin = calls.findIndex(({ rest }) => rest.includes(`"${marks.begin}"`));
  const end = calls.findIndex(({ rest }) => rest.includes(`"${marks.end}"`));
  if (begin < 0 || end < begin) return 'the trace lacks a mark';
  const thread = calls[begin]?.thread;
  const between = calls.slice(begin + 1, end).filter((call) => call.thread === thread);
  const byName = new Map<string, number>();
  for (const { name } of between) byName.set(name, (byName.get(name) ?? 0) + 1);
  const isOfDescriptor = ({ name, rest }: Call) => /^(read|write)$/.test(name) && rest.startsWith(`${descriptor}<`);
  return { enters: byName.get('io_uring_enter') ?? 0, ofDescriptor: between.filter(isOfDescriptor).length, byName };
}

interface Call {
  readonly thread: string;
  readonly name: string;
  readonly rest: string;
}

// "1234 read(5<…>, …) = 8". A call that another thread interrupts stands on two lines, of which the first begins like this.
function callOf(line: string): Call | undefined {
  const found = /^(?:\[pid +)?(\d+)\]? +(\w+)\((.*)$/.exec(line);
  if (found === null) return undefined;
  const [, thread = '', name = '', rest = ''] = found;
  return { thread, name, rest };
}
