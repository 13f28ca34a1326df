/** What native/src/binding/doctor.rs exports. */
export interface DoctorBinding {
  probeSystem(dataDirectory: string): BindingDoctorReport;
}

export interface BindingDoctorReport {
  readonly kernelRelease: string;
}
