import type { GroupRequest } from '../model/group-requests.js';
import type { Random } from '../model/ports.js';

/** For a member that joins without an id: the name that it goes by, and what makes it unique. Nothing for other requests. */
export function freshMemberId(request: GroupRequest, random: Random): string {
  if (request.verb !== 'join' || request.memberId !== '') return '';
  return `${request.instanceId ?? request.clientId}-${uuid(random.bytes(16))}`;
}

/** Random, version 4: what tools expect to find there. */
function uuid(bytes: Uint8Array): string {
  const marked = Uint8Array.from(bytes);
  marked[6] = ((marked[6] ?? 0) & 0x0f) | 0x40;
  marked[8] = ((marked[8] ?? 0) & 0x3f) | 0x80;
  const digits = Array.from(marked, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
