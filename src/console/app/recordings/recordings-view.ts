import { computed, signal } from '@preact/signals';
import { pagesOf } from '../api.ts';
import type { Recordings, RecordingSummary } from '../contract.ts';
import { Listed } from '../listed.ts';
import { isUnsettled, recordingStateOf, type RecordingLabel } from '../recording-words.ts';
import { nameOfWorkspace } from '../workspaces.ts';

/** No event tells when videos are joined. */
const REFRESH_MS = 5000;

/** The label of a state; empty: all. */
export type Status = '' | RecordingLabel;

/** The recordings that are loaded, and what is looked for among them. */
export class RecordingsView {
  readonly list = Listed.open(
    (gone) => pagesOf<Recordings>('/v1/recordings', { signal: gone }),
    ({ recordings }) => recordings,
  );
  readonly text = signal('');
  readonly status = signal<Status>('');
  /** The id of a workspace; empty: all. */
  readonly workspace = signal('');
  readonly shown = computed(() => {
    const words = this.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    return this.list.rows.value.filter(
      (row) =>
        (this.status.value === '' || this.status.value === recordingStateOf(row).label) &&
        (this.workspace.value === '' || this.workspace.value === row.workspaceId) &&
        words.every((word) => searchedTextOf(row).includes(word)),
    );
  });
  readonly #refreshing: ReturnType<typeof setInterval>;

  constructor() {
    this.#refreshing = setInterval(() => {
      if (!document.hidden && this.list.rows.value.some(isUnsettled)) void this.list.load();
    }, REFRESH_MS);
  }

  close(): void {
    clearInterval(this.#refreshing);
    this.list.close();
  }
}

function searchedTextOf(row: RecordingSummary): string {
  const { id, alias, runtimeId, workspaceId } = row;
  const { label } = recordingStateOf(row);
  return [alias, id, runtimeId, nameOfWorkspace(workspaceId), label].join(' ').toLowerCase();
}
