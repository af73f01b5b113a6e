import { render } from 'preact';
import { App } from './app.tsx';
import { Session } from './session.ts';
import './live.css';

const WITHOUT_TOKEN =
  'This link is not complete: it ends with #token=… when it is. Ask whoever gave it to you for a new one.';

/** After a number sign, so that no server or log on the way learns it. */
const token = new URLSearchParams(location.hash.slice(1)).get('token');
const root = document.getElementById('app') ?? document.body;

if (token) {
  const session = new Session(location, token);
  render(<App session={session} />, root);
  session.open();
} else {
  render(
    <main class="alone">
      <h1>Live view</h1>
      <p role="alert">{WITHOUT_TOKEN}</p>
    </main>,
    root,
  );
}
// Another link in the same window.
window.addEventListener('hashchange', () => location.reload());
