import { createByCurl } from '../attach-lines.ts';
import { CodeTabs } from '../code-tabs.tsx';
import { KeyHint } from '../key-hint.tsx';
import { hrefOf, prefix } from '../route.ts';

/** What a person reads who has no recording yet. */
export function Teaching() {
  const lines = createByCurl(location.origin + prefix, { recording: true });
  return (
    <section class="teaching">
      <h2>No recordings yet</h2>
      <p>
        A recording is a video of each tab of a runtime, with a list of what happened and when. To
        get one, choose <b>Record</b> when you create a <a href={hrefOf('runtimes')}>runtime</a>, or
        ask for it in the request. You can watch it here while the runtime is up, and download it as
        MP4 when the runtime has ended.
      </p>
      <CodeTabs label="Record a runtime with" all={[{ name: 'curl', lines }]} />
      <KeyHint />
    </section>
  );
}
