// Numbers as people write them in options, files and the environment. Undefined: it is none.

const unitSizes: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

export function parseCount(text: string): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}

/** Bytes, with an optional unit: "512MiB". */
export function parseSize(text: string): number | undefined {
  const found = /^(\d+)([KMGT]iB)?$/.exec(text);
  const unitSize = unitSizes[found?.[2] ?? ''];
  if (found === null || unitSize === undefined) return undefined;
  const value = Number(found[1]) * unitSize;
  return Number.isSafeInteger(value) ? value : undefined;
}

export interface Address {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

const portMax = 65_535;

/** "host:port"; an IPv6 address in brackets: "[::1]:9092". */
export function parseAddress(text: string): Address | undefined {
  const found = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:\s[\]/]+)):(\d{1,5})$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  return host === undefined || port > portMax ? undefined : { host, port };
}

export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
