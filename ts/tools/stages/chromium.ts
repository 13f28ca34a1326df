/** The browser that the tests of pages run in: where the distribution puts it, unless it is elsewhere. */
export function chromiumPath(): string {
  return process.env['MILLRACE_CHROMIUM'] ?? '/usr/bin/chromium';
}
