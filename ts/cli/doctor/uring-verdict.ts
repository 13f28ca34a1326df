import type { Facts } from './facts.js';
import { type Row, row } from './row.js';

const check = 'io_uring';
const announcement = 'the node falls back to a thread pool, which is slower';

export function uringRow(facts: Facts): Row {
  const { uring } = facts;
  if (uring.error !== '') return row(check, `not usable: ${uring.error}`, 'warn', `${announcement}; ${whyNot(facts)}`);
  const flags = [uring.hasSingleIssuer ? 'SINGLE_ISSUER' : '', uring.hasDeferTaskrun ? 'DEFER_TASKRUN' : ''].filter(
    (flag) => flag !== '',
  );
  if (flags.length === 2) return row(check, `usable with ${flags.join(', ')}`);
  return row(
    check,
    `usable${flags.map((flag) => ` with ${flag}`).join('')}`,
    'warn',
    'Linux 6.1 or newer has both SINGLE_ISSUER and DEFER_TASKRUN',
  );
}

// In the order in which the kernel asks: a filter answers before the system call is entered.
function whyNot({ uringDisabled, seccompMode, kernel }: Facts): string {
  if (uringDisabled === 2) return 'kernel.io_uring_disabled is 2: sysctl -w kernel.io_uring_disabled=0';
  if (uringDisabled === 1) return 'kernel.io_uring_disabled is 1: set it to 0, or join the group of kernel.io_uring_group';
  if (seccompMode === 2)
    return 'a seccomp filter is on (a container’s profile): allow io_uring_setup, io_uring_enter, io_uring_register';
  return `kernel ${kernel} may be built without CONFIG_IO_URING`;
}
