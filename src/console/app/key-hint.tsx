import { hrefOf } from './route.ts';

/** Says what the variable is that stands in lines for shells and programs. */
export function KeyHint() {
  return (
    <p class="dim">
      <code>$BCTRL_API_KEY</code> is an API key: make one on the page{' '}
      <a href={hrefOf('keys')}>Keys</a>.
    </p>
  );
}
