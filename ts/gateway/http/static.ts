import type { HttpReply, HttpRequest } from './message.js';
import type { StaticFiles } from './ports.js';

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  map: 'application/json; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};

/** The console loads nothing from elsewhere and talks to where it came from. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Undefined: no file of that path. */
export function staticFile(files: StaticFiles, request: HttpRequest): HttpReply | undefined {
  const path = request.path === '/' ? '/index.html' : request.path;
  if (!/^(\/[\w-][\w.-]*)+$/.test(path)) return undefined;
  const file = files.find(path);
  if (file === undefined) return undefined;
  const extension = path.slice(path.lastIndexOf('.') + 1);
  const headers = {
    'content-type': types[extension] ?? 'application/octet-stream',
    etag: file.etag,
    ...(extension === 'html' ? { 'content-security-policy': contentSecurityPolicy } : {}),
  };
  const known = request.header('if-none-match').split(',');
  if (known.some((tag) => tag.trim().replace(/^W\//, '') === file.etag)) return { status: 304, headers, body: '' };
  return { status: 200, headers, body: file.bytes };
}
