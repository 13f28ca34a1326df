/** What native/src/binding/process.rs exports. */
export interface ProcessBinding {
  endProcess(code: number): void;
  returnLargeMemory(): void;
  notifySystemd(socket: string, message: string): string | null;
}
