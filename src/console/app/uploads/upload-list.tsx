import type { ComponentChildren } from 'preact';
import { bytes } from '../times.ts';
import { Failure } from './failure.tsx';
import type { Upload, Uploads } from './uploads.ts';

interface UploadListProps<T> {
  uploads: Uploads<T>;
  /** What the service does once it has all of a file. */
  during: string;
  /** What came of one. */
  outcomeOf: (result: T) => ComponentChildren;
}

/** How far each upload is, and what came of it. */
export function UploadList<T>({ uploads, during, outcomeOf }: UploadListProps<T>) {
  const all = uploads.all.value;
  if (all.length === 0) return null;
  return (
    <ul class="uploads" aria-label="Uploads">
      {all.map((upload) => (
        <li key={upload.id} data-state={upload.state}>
          <div class="upload-head">
            <b>{upload.file.name}</b>
            <span class="dim">{bytes(upload.file.size)}</span>
            <button class="plain" type="button" onClick={() => uploads.remove(upload.id)}>
              {isOver(upload) ? 'Close' : 'Cancel'}
              <span class="unseen"> {upload.file.name}</span>
            </button>
          </div>
          <p class="dim" role="status">
            {isOver(upload) ? '' : wordsOf(upload, during)}
          </p>
          {!isOver(upload) && <Progress upload={upload} />}
          {upload.state === 'failed' && <Failure upload={upload} />}
          {upload.result !== undefined && outcomeOf(upload.result)}
        </li>
      ))}
    </ul>
  );
}

function isOver({ state }: Upload<unknown>): boolean {
  return state === 'done' || state === 'failed';
}

function wordsOf({ state }: Upload<unknown>, during: string): string {
  if (state === 'waits') return 'Waits for the one before it';
  return state === 'sends' ? 'Is being sent' : during;
}

function Progress({ upload }: { upload: Upload<unknown> }) {
  const { state, sentBytes, file } = upload;
  const isSent = state === 'works';
  return (
    <progress
      aria-label={`Progress of ${file.name}`}
      {...(!isSent && { max: Math.max(1, file.size), value: sentBytes })}
    />
  );
}
