import { spawnSync } from 'node:child_process';
import { chromiumPath } from './chromium.js';

const diskProbe = `
place=$(mktemp -d) && command -v fstrim resizepart >/dev/null && unshare --mount sh -ec '
  mount -t tmpfs -o size=8m tmpfs "$0" && cd "$0" && truncate -s 4M image && mkdir disk
  device=$(losetup --find --show --partscan image) && trap "losetup --detach $device" EXIT
  addpart "$device" 1 2048 4096 && mkfs.ext4 -q "\${device}p1" && mount "\${device}p1" disk' "$place"
status=$?; rmdir "$place"; exit $status`;

// The list that names what may be absent: a stage that needs one of these is skipped without it, and every other
// absence is a failure. MILLRACE_NO_SKIP=1 (set in .ci/run) allows none, but what MILLRACE_MAY_SKIP names: a right that no package brings.
export const optionalTools = {
  chromium: {
    probe: [chromiumPath(), '--version'],
    install: 'apt-get install chromium, or MILLRACE_CHROMIUM=/path/to/chromium',
  },
  // Loop devices with partitions, in a mount namespace of one's own: what test/disk/small-disk.ts is made of.
  disks: {
    probe: ['sh', '-c', diskProbe],
    install: 'root with loop devices; apt-get install e2fsprogs mount util-linux',
  },
  // Sources are run as they are, and jars are fetched.
  jvm: {
    probe: ['sh', '-c', 'mvn --version && javac -version'],
    install: 'apt-get install maven default-jdk-headless, JDK 17 or later',
  },
  // Modules are fetched, and say which version they want.
  go: {
    probe: ['sh', '-c', 'cd test/conformance/go && go list -m'],
    install: 'Go 1.26 or later, from go.dev or the distribution',
  },
  // A client of Kafka over librdkafka.
  kcat: { probe: ['kcat', '-V'], install: 'apt-get install kcat' },
  clippy: { probe: ['cargo', 'clippy', '--version'], install: 'rustup component add clippy' },
  // Distributions ship venv without the pip that it needs: only ensurepip tells.
  python: {
    probe: ['python3', '-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))'],
    install: 'apt-get install python3-venv, Python 3.9 or later',
  },
  // What wheels of clients there are for.
  python311: {
    probe: ['python3', '-c', 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'],
    install: 'apt-get install python3-venv, Python 3.11 to 3.14',
  },
  rustfmt: { probe: ['cargo', 'fmt', '--version'], install: 'rustup component add rustfmt' },
} as const satisfies Readonly<Record<string, { readonly probe: readonly [string, ...string[]]; readonly install: string }>>;

export type OptionalTool = keyof typeof optionalTools;

export function isPresent(tool: OptionalTool): boolean {
  const [command, ...args] = optionalTools[tool].probe;
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
