// The texts of /proc, read into values. Pure: the tests hand in texts of other machines.

export interface Limit {
  readonly soft: number;
  readonly hard: number;
}

/** One row of /proc/self/limits; "unlimited" is Infinity. */
export function parseLimit(limits: string, name: string): Limit | undefined {
  const row = limits.split('\n').find((line) => line.startsWith(`${name}  `));
  const [soft, hard] = row?.slice(name.length).trim().split(/\s+/) ?? [];
  return soft === undefined || hard === undefined ? undefined : { soft: limitOf(soft), hard: limitOf(hard) };
}

function limitOf(text: string): number {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}

/** A field of /proc/PID/status: the number in it, kB multiplied out to bytes. */
export function parseStatusNumber(status: string, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+)( kB)?`, 'm').exec(status);
  return found === null ? undefined : Number(found[1]) * (found[2] === undefined ? 1 : 1024);
}

const capIpcLock = 14n;

/** Does /proc/self/status tell of CAP_IPC_LOCK, which lifts the memlock limit? */
export function mayLockMemory(status: string): boolean {
  const found = /^CapEff:\s+([0-9a-f]+)/m.exec(status);
  return found !== null && ((BigInt(`0x${found[1]}`) >> capIpcLock) & 1n) === 1n;
}

export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** The mount that holds a real (resolved, absolute) path. The last of two at the same point covers the first. */
export function findMount(mountinfo: string, path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mountinfo.split('\n').map(parseMount)) {
    if (mount === undefined || !isBelow(path, mount.point)) continue;
    if (best === undefined || mount.point.length >= best.point.length) best = mount;
  }
  return best;
}

// 36 35 98:0 /root /mnt/point rw,noatime shared:1 - ext4 /dev/sda rw,errors=continue: any number of tags before the dash.
function parseMount(line: string): Mount | undefined {
  const [before = '', after] = line.split(' - ');
  const fields = before.split(' ');
  const [type, source, superOptions] = after?.split(' ') ?? [];
  const [point, options] = [fields[4], fields[5]];
  if (point === undefined || options === undefined || type === undefined || source === undefined) return undefined;
  const all = [...options.split(','), ...(superOptions?.split(',') ?? [])];
  return { point: unescapeOctal(point), type, source, options: [...new Set(all)] };
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function isBelow(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}
