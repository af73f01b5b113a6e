import { render } from 'preact';
import { Alone, App } from './app.tsx';
import { speakToParent } from './embedding.ts';
import { listenToKeys } from './keyboard.ts';
import { Player } from './player.ts';
import './player.css';

const WITHOUT_TOKEN =
  'This link is not complete: it ends with #token=… when it is. Ask whoever gave it to you for a new one.';

/** After a number sign, so that no server or log on the way learns it. */
const token = new URLSearchParams(location.hash.slice(1)).get('token');
const root = document.getElementById('app') ?? document.body;

if (token) {
  const player = new Player(location, token);
  render(<App player={player} />, root);
  listenToKeys(player);
  speakToParent(player);
  void player.source.load();
} else {
  render(<Alone sentence={WITHOUT_TOKEN} />, root);
}
// Another link in the same window.
window.addEventListener('hashchange', () => location.reload());
