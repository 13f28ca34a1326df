import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The library under the gateway: compiled, one build for each platform and version of Node. */
export interface ServerLibrary {
  /** The package, with its version; empty where it is not installed. */
  readonly package: string;
  /** The file that belongs to this Node on this machine. */
  readonly build: string;
  /** Why it does not load, in one line; empty: it does. */
  readonly error: string;
  /** Of the C library; undefined where there is another one. */
  readonly glibc: string | undefined;
}

const name = 'uWebSockets.js';

/** Loads the library as a node would. It begins nothing until it is told to. */
export async function serverLibrary(): Promise<ServerLibrary> {
  const { platform, arch, versions } = process;
  const build = `uws_${platform}_${arch}_${versions.modules}.node`;
  const about = { package: installed(), build, glibc: glibcVersion() };
  try {
    await import(name);
    return { ...about, error: '' };
  } catch (error) {
    return { ...about, error: reasonIn(String(error)) };
  }
}

/** The library puts what the system said below a text of its own. */
export function reasonIn(text: string): string {
  const [first = '', ...rest] = text.split('\n').filter((line) => line.trim() !== '');
  const said = rest.find((line) => !line.trim().startsWith('- ') && !line.startsWith('Require stack')) ?? first;
  return said.replace(/^Error: /, '').trim();
}

function installed(): string {
  try {
    const path = fileURLToPath(new URL('package.json', import.meta.resolve(name)));
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { name: string; version: string };
    return `${manifest.name} ${manifest.version}`;
  } catch {
    return '';
  }
}

function glibcVersion(): string | undefined {
  const report = process.report?.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime;
}
