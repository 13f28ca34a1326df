import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The console: a page of a few files, served by the gateway from where the build puts them. */
export default defineConfig({
  root: at('ts/console'),
  publicDir: at('ts/console/public'),
  build: {
    outDir: at('dist/console'),
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    // Its one script begins all there is to load.
    modulePreload: { polyfill: false },
    // Nothing in the address of a data: URL, which the page's content policy would have to allow.
    assetsInlineLimit: 0,
    // How long plugins took on a busy machine is no warning.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  logLevel: 'warn',
});
