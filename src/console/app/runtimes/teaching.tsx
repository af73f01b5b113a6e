import { prefix } from '../route.ts';
import { CodeTabs } from '../code-tabs.tsx';
import { KeyHint } from '../key-hint.tsx';
import { CREATE_LINES, createByCurl } from '../attach-lines.ts';

/** What a person reads who has no runtime yet. */
export function Teaching() {
  const address = location.origin + prefix;
  const lines = [
    { name: 'curl', lines: createByCurl(address) },
    ...CREATE_LINES.map(({ name, linesFor }) => ({ name, lines: linesFor(address) })),
  ];
  return (
    <section class="teaching">
      <h2>No runtimes yet</h2>
      <p>
        A runtime is a real Chromium browser that your code controls with Playwright, Puppeteer,
        Selenium or CDP. Create one here with <b>New runtime</b>, or from a program: it appears in
        this list at once.
      </p>
      <CodeTabs label="Create a runtime with" all={lines} />
      <KeyHint />
    </section>
  );
}
