import { linesThat, type Rule } from './tree.js';

const rust = /^native\/(src|build\.rs)/;

export const unsafeCode: Rule = (tree) =>
  linesThat(tree, {
    in: rust,
    notIn: /^native\/src\/(io|ring|binding)(\/|\.rs$)/,
    pattern: /(allow|expect)\(.*\bunsafe_code\b/,
    text: 'unsafe code belongs to io, ring and binding',
  });

export const systemCalls: Rule = (tree) =>
  linesThat(tree, {
    in: rust,
    notIn: /^native\/src\/io\/|\/tests(\/|\.rs$)/,
    pattern: /\b(libc|io_uring)::|\buse (libc|io_uring)\b|\bextern crate (libc|io_uring)\b/,
    text: 'only native/src/io names libc and io_uring: all else goes through the Io trait, so that the simulator can stand in',
  });

export const napi: Rule = (tree) =>
  linesThat(tree, {
    in: rust,
    notIn: /^native\/src\/binding\//,
    pattern: /\b(napi|napi_derive|napi_sys)::|\buse napi(_derive|_sys)?\b|#\[napi\b/,
    text: 'only native/src/binding names napi: the core builds and tests without Node',
  });
