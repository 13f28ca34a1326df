/** What native/src/binding/process.rs exports. */
export interface ProcessBinding {
  endProcess(code: number): void;
  notifySystemd(socket: string, message: string): string | null;
}
