import { loadAddon } from './load.js';

export interface BindingDoctorReport {
  readonly kernelRelease: string;
}

export function probeSystem(dataDirectory: string): BindingDoctorReport {
  return loadAddon().probeSystem(dataDirectory);
}
