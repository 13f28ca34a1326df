// The few names of a browser that this package uses, so that the rest of the project is checked without all the others.

export interface BrowserSocket {
  binaryType: string;
  onopen: (() => void) | null;
  onmessage: ((message: { readonly data: unknown }) => void) | null;
  onclose: ((closed: { readonly code: number; readonly reason: string }) => void) | null;
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
}

interface Target {
  addEventListener(name: string, callback: () => void): void;
  removeEventListener(name: string, callback: () => void): void;
}

interface Page extends Target {
  readonly WebSocket: new (url: string, subprotocol: string) => BrowserSocket;
  readonly location?: { readonly protocol: string; readonly host: string };
  readonly document?: Target & { readonly visibilityState: string };
  readonly navigator?: { readonly userAgent: string };
}

export const page = globalThis as unknown as Page;
