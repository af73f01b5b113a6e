import { createByCurl } from '../attach-lines.ts';
import { CodeTabs } from '../code-tabs.tsx';
import { hrefOf, prefix } from '../route.ts';

/** What a person reads who has no recording yet. */
export function Teaching() {
  const lines = createByCurl(location.origin + prefix, { recording: true });
  return (
    <section class="teaching">
      <h2>No recording yet</h2>
      <p>
        A recording keeps what the tabs of a runtime showed, as video, with an index of what
        happened. Choose <b>Record</b> when you make a <a href={hrefOf('runtimes')}>runtime</a>, or
        say it in the request. It can be watched here while the runtime is still up, and saved as
        MP4 once the runtime is over.
      </p>
      <CodeTabs label="Record a runtime with" all={[{ name: 'curl', lines }]} />
    </section>
  );
}
