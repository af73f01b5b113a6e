import type { ComponentChildren } from 'preact';
import type { Download } from '../downloads.ts';
import { CloseIcon, FileIcon } from '../icons.tsx';
import type { Session } from '../session.ts';

/** Sentences, downloads and texts to copy, one below the other in a corner. */
export function NoticeList({ session }: { session: Session }) {
  const { notices, downloads, clipboard } = session;
  return (
    <div class="notices" role="log" aria-label="Notices">
      {downloads.list.value.map((download) => (
        <DownloadCard key={download.file} download={download} session={session} />
      ))}
      {clipboard.refused.value !== undefined && (
        <Card
          onHide={() => {
            clipboard.refused.value = undefined;
          }}
        >
          <p>The page copied a text.</p>
          <button class="framed" type="button" onClick={() => clipboard.copyRefused()}>
            Copy
          </button>
        </Card>
      )}
      {notices.shown.value.map(({ id, message, action }) => (
        <Card key={id} onHide={() => notices.remove(id)}>
          <p>{message}</p>
          {action && (
            <button
              class="framed"
              type="button"
              onClick={() => {
                notices.remove(id);
                action.act();
              }}
            >
              {action.name}
            </button>
          )}
        </Card>
      ))}
      <TimeLeft session={session} />
    </div>
  );
}

/** The agent drives again soon, since this person does nothing. */
function TimeLeft({ session: { driving } }: { session: Session }) {
  const seconds = driving.secondsLeft.value;
  if (seconds === undefined) return null;
  return (
    <div class="card notice">
      {/* Nobody wants to have each second read out. */}
      <p aria-hidden="true">A program drives again in {seconds} s</p>
      <p class="unseen">A program drives again soon.</p>
      <button class="primary" type="button" onClick={() => driving.take()}>
        Keep driving
      </button>
    </div>
  );
}

function Card({ children, onHide }: { children: ComponentChildren; onHide: () => void }) {
  return (
    <div class="card notice">
      {children}
      <button class="plain" type="button" aria-label="Hide" onClick={onHide}>
        <CloseIcon />
      </button>
    </div>
  );
}

function DownloadCard({ download, session }: { download: Download; session: Session }) {
  const { file, name, sizeBytes, state, receivedBytes } = download;
  return (
    <Card onHide={() => session.downloads.remove(file)}>
      <FileIcon />
      <div class="file">
        <strong title={name}>{name}</strong>
        {state === 'loading' ? (
          <progress aria-label={`Saving ${name}`} max={sizeBytes || 1} value={receivedBytes} />
        ) : (
          <span>
            {{ offered: size(sizeBytes), saved: 'Saved', failed: 'Could not be saved' }[state]}
          </span>
        )}
      </div>
      <button
        class="framed"
        type="button"
        disabled={state === 'loading'}
        onClick={() => void session.downloads.save(file, name)}
      >
        {state === 'failed' ? 'Try again' : 'Save'}
      </button>
    </Card>
  );
}

const UNITS = ['B', 'KB', 'MB', 'GB'];

function size(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const amount = bytes / 1000 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${UNITS[power]}`;
}
