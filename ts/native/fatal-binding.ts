/** What native/src/binding/fatal.rs exports. */
export interface FatalBinding {
  endProcess(code: number): void;
}
