// Whose requests are served at all. A page on another site can make its visitor's browser call this address: then Origin names that
// site. A name that the attacker owns can be made to point here after the page was loaded (DNS rebinding): then Host names it. So
// Host must be a name of this node, and Origin, where there is one, the same place or one that was allowed.

export interface AdmissionSettings {
  /** Where the gateway is bound. */
  readonly host: string;
  /** Names or addresses under which others know this node, with or without port. */
  readonly advertised: readonly string[];
  /** Other origins whose pages may use this node: "https://console.example". */
  readonly origins: readonly string[];
}

export type Admitted = { readonly isAdmitted: true } | { readonly isAdmitted: false; readonly reason: string };

const admitted: Admitted = { isAdmitted: true };
const refused = (reason: string): Admitted => ({ isAdmitted: false, reason });

const loopback = new Set(['localhost', '127.0.0.1', '::1']);

/** Bound to all addresses, a node cannot list them: then any literal address is one of its names, as no rebinding makes one. */
const anyAddress = new Set(['0.0.0.0', '::', '']);

export class Admission {
  readonly #names: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #takesAnyAddress: boolean;

  constructor({ host, advertised, origins }: AdmissionSettings) {
    const known = [host, ...advertised].flatMap((name) => hostnameOf(name) ?? []);
    this.#names = new Set([...loopback, ...known]);
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
    this.#takesAnyAddress = anyAddress.has(host);
  }

  /** Empty headers are absent ones. */
  check(host: string, origin: string): Admitted {
    const name = hostnameOf(host);
    if (name === undefined || !this.#isOwn(name)) {
      return refused(`this node is not known as ${JSON.stringify(host)}: advertise that name if it is one of its own`);
    }
    if (origin === '' || this.#isOrigin(origin, host)) return admitted;
    return refused(`pages of ${JSON.stringify(origin)} may not use this node: allow that origin if they should`);
  }

  /** One of those that were allowed by name. */
  isListed(origin: string): boolean {
    return this.#origins.has(origin.toLowerCase());
  }

  #isOrigin(origin: string, host: string): boolean {
    const lower = origin.toLowerCase();
    return this.#origins.has(lower) || lower === `http://${host.toLowerCase()}` || lower === `https://${host.toLowerCase()}`;
  }

  #isOwn(name: string): boolean {
    return this.#names.has(name) || (this.#takesAnyAddress && isAddress(name));
  }
}

/** Without port and brackets, lower case; undefined if it is none. */
function hostnameOf(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/?#@[\]\s]+))(?::\d{1,5})?\.?$/i.exec(host);
  const name = match?.[1] ?? match?.[2];
  if (name !== undefined) return name.toLowerCase().replace(/\.$/, '');
  return /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(host) && host.split(':').length > 2 ? host.toLowerCase() : undefined;
}

function isAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.includes(':');
}
