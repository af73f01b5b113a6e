import type { RecordingSummary } from './contract.ts';

/** In the order of a recording's life. */
export const RECORDING_LABELS = ['Recording', 'Preparing', 'Ready', 'Expired'] as const;
export type RecordingLabel = (typeof RECORDING_LABELS)[number];

export interface RecordingState {
  /** Which mark there is beside the words. */
  name: 'recording' | 'changing' | 'stopped' | 'running';
  label: RecordingLabel;
  /** What else there is to say, in a sentence. */
  detail: string;
}

const STATES: Record<RecordingSummary['status'], RecordingState> = {
  encoding: { name: 'changing', label: 'Preparing', detail: 'Its videos are being made.' },
  ready: { name: 'running', label: 'Ready', detail: '' },
  expired: {
    name: 'stopped',
    label: 'Expired',
    detail: 'Its videos were deleted at the end of their retention.',
  },
};

/** The state of a recording in plain words. */
export function recordingStateOf({
  isRecording,
  status,
}: Pick<RecordingSummary, 'isRecording' | 'status'>): RecordingState {
  if (!isRecording) return STATES[status];
  return { name: 'recording', label: 'Recording', detail: 'Its runtime is still up.' };
}

/** Whether it becomes something else by itself. */
export function isUnsettled({
  isRecording,
  status,
}: Pick<RecordingSummary, 'isRecording' | 'status'>): boolean {
  return isRecording || status === 'encoding';
}
