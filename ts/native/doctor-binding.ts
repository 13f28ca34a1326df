/** What native/src/binding/doctor.rs exports. */
export interface DoctorBinding {
  probeUring(): BindingUring;
  probeSockets(): BindingSockets;
  probeDirectory(path: string): BindingDirectory;
  diskSpace(path: string): BindingSpace;
  /** Blocks for the budget at most, or for one write if that takes longer. */
  measureSync(path: string, ask: BindingSyncAsk): BindingSync;
}

/** `error` is empty where the probe succeeded; only then the other fields mean something. */
export interface BindingUring {
  readonly error: string;
  readonly hasSingleIssuer: boolean;
  readonly hasDeferTaskrun: boolean;
  readonly registeredSizeMax: number;
}

/** `fallbackReason` is empty where sockets of Kafka clients are of the kind that is preferred. */
export interface BindingSockets {
  readonly error: string;
  readonly kind: string;
  readonly fallbackReason: string;
}

export interface BindingDirectory {
  readonly error: string;
  readonly freeSize: number;
  readonly totalSize: number;
  readonly directError: string;
  /** 0: the kernel or the filesystem does not tell. */
  readonly directMemoryAlignment: number;
  readonly directPositionAlignment: number;
  /** The kernel says what is in the page cache. */
  readonly tellsResidency: boolean;
  /** What becomes of large writes when nobody says otherwise; empty beside an error. */
  readonly pageCache: 'direct' | 'pass' | 'keep' | '';
}

export interface BindingSpace {
  readonly error: string;
  /** What an unprivileged process may still take. */
  readonly freeSize: number;
  readonly totalSize: number;
}

export interface BindingSyncAsk {
  readonly io: 'uring' | 'fallback';
  readonly method: 'linked' | 'dsync';
  readonly areCoresAwake: boolean;
  readonly budgetMs: number;
}

export interface BindingSync {
  readonly error: string;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly count: number;
}
