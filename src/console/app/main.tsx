import { render } from 'preact';
import { App } from './app.tsx';
import { ConsoleSession } from './session.ts';
import './app.css';

const session = new ConsoleSession();
render(<App session={session} />, document.getElementById('app') ?? document.body);
void session.open();
// A sign-in link that is opened in this window.
window.addEventListener('hashchange', () => void session.open());
