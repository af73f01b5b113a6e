import { render } from 'preact';
import { whenSignedOut } from './api.ts';
import { App } from './app.tsx';
import { followLinks } from './route.ts';
import { ConsoleSession } from './session.ts';
import './app.css';

const session = new ConsoleSession();
whenSignedOut(() => session.expire());
followLinks();
render(<App session={session} />, document.getElementById('app') ?? document.body);
void session.open();
// A sign-in link that is opened in this window.
window.addEventListener('hashchange', () => void session.open());
