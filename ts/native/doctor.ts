import type { BindingDoctorReport } from './doctor-binding.js';
import { loadAddon } from './load.js';

export function probeSystem(dataDirectory: string): BindingDoctorReport {
  return loadAddon().probeSystem(dataDirectory);
}
