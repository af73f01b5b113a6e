import { examine, type DoctorOptions, type DoctorReport } from './doctor.ts';
import {
  previewRetention,
  type PreviewOptions,
  type RetentionPreview,
} from '../retention/preview.ts';

export interface Diagnosis extends DoctorReport {
  retention: RetentionPreview;
}

/** Finds what does not belong together, and what is going to be removed. Changes nothing. */
export async function diagnose(options: DoctorOptions & PreviewOptions): Promise<Diagnosis> {
  const retention = await previewRetention(options);
  const { examined, findings } = await examine(options);
  if (retention.storage.state === 'foreign') findings.push({ kind: 'foreign_storage' });
  return { examined, findings, retention };
}
