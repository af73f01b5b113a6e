import type { Recording } from '../contract.ts';
import { prefix } from '../route.ts';
import { useMay } from '../scopes.ts';
import { Section } from '../section.tsx';
import { bytes, clockOf } from '../times.ts';
import { H264Button } from './h264-button.tsx';

type Tab = Recording['tabs'][number];

/** A video for each tab, to be saved. */
export function VideosSection({ recording, path }: { recording: Recording; path: string }) {
  const { tabs, status } = recording;
  const mayLoad = useMay()('runtimes:connect') && status === 'ready';
  return (
    <Section title={tabs.length === 1 ? '1 tab' : `${tabs.length} tabs`}>
      {status === 'encoding' && (
        <p class="dim">The videos can be downloaded when the runtime has ended.</p>
      )}
      {tabs.length === 0 && <p class="dim">No tab was recorded yet.</p>}
      <ul class="lines">
        {tabs.map((tab, i) => {
          const video = `${path}/${encodeURIComponent(tab.tabId)}.mp4`;
          const name = `${recording.alias}-tab-${i + 1}.mp4`;
          return (
            <li key={tab.tabId} class="video">
              <span class="two" title={tab.url}>
                <span>{tab.title || tab.url || 'Untitled'}</span>
                <span class="dim">{aboutOf(tab)}</span>
              </span>
              {mayLoad && tab.segments > 0 && (
                <span class="buttons">
                  <a class="framed" href={prefix + video} download={name}>
                    Download MP4 (AV1)<span class="unseen"> {name}</span>
                  </a>
                  <H264Button video={video} name={name} />
                </span>
              )}
            </li>
          );
        })}
      </ul>
      {mayLoad && tabs.length > 0 && <p class="dim">H.264 is for players that cannot play AV1.</p>}
    </Section>
  );
}

function aboutOf({ segments, sizeBytes, startMs, endMs }: Tab): string {
  if (segments === 0 || startMs === null || endMs === null) return 'never shown';
  return `${clockOf(endMs - startMs)}, ${bytes(sizeBytes)}`;
}
