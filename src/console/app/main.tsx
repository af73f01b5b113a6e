import { render } from 'preact';
import { App } from './app.tsx';
import { ConsoleSession } from './session.ts';
import './app.css';

const session = new ConsoleSession();
render(<App session={session} />, document.getElementById('app') ?? document.body);
void session.open();
// A sign-in link that is opened in this window.
window.addEventListener('hashchange', () => void session.open());
import { followLinks } from './route.ts';
import { Shell } from './shell.tsx';
import './app.css';

followLinks();
render(<Shell />, document.getElementById('app') ?? document.body);
