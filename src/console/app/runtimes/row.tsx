import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Runtime } from '../contract.ts';
import { isSure } from '../questions.ts';
import { hrefOf } from '../route.ts';
import { useMay } from '../scopes.ts';
import { StateText } from '../state-text.tsx';
import { ago, since, written } from '../times.ts';
import { carryOut, failures, ongoing, VERBS } from '../verbs.ts';
import { isRunning } from '../words.ts';
import { nameOfWorkspace } from '../workspaces.ts';
import type { ListView } from './list-view.ts';
import type { Thumbnails } from './thumbnails.ts';

interface RowProps {
  runtime: Runtime;
  index: number;
  view: ListView;
  thumbnails: Thumbnails;
}

export function Row({ runtime, index, view, thumbnails }: RowProps) {
  const { id, alias, workspaceId, driver, summary, lastActivityAt } = runtime;
  const began = runtime.stoppedAt ?? runtime.startedAt ?? runtime.createdAt;
  const isChosen = view.chosen.value.has(id);
  const failure = failures.value.get(id);
  const mayWrite = useMay()('runtimes:write');
  return (
    <div class="row" role="row" aria-rowindex={index + 2} data-chosen={isChosen}>
      <div role="cell" class="choose">
        {mayWrite && (
          <input
            type="checkbox"
            aria-label={`Choose ${alias}`}
            checked={isChosen}
            onChange={({ currentTarget }) => view.choose(id, currentTarget.checked)}
          />
        )}
      </div>
      <div role="cell" class="name">
        <Thumbnail runtime={runtime} thumbnails={thumbnails} />
        <span class="two">
          <a href={hrefOf('runtimes', workspaceId, id)} data-row={index}>
            {alias}
          </a>
          <span class="dim">{nameOfWorkspace(workspaceId)}</span>
        </span>
      </div>
      <div role="cell" class="two state">
        {failure === undefined ? <StateText runtime={runtime} /> : <RowFailure text={failure} />}
      </div>
      <div role="cell" class="two driver">
        <span>{driver}</span>
        <span class="dim">{summary?.launchMode}</span>
      </div>
      <div role="cell" class="time" title={written(began)}>
        {ago(began)}
      </div>
      <div role="cell" class="time" title={lastActivityAt ? written(lastActivityAt) : ''}>
        {lastActivityAt ? since(lastActivityAt) : '–'}
      </div>
      <div role="cell" class="act">
        {mayWrite && <RowButton runtime={runtime} view={view} />}
      </div>
    </div>
  );
}

/** What could not be done stays, where it can be read whole, until the next try. */
function RowFailure({ text }: { text: string }) {
  return (
    <span class="row-failure" role="alert" title={text}>
      {text}
    </span>
  );
}

/** What is wanted most: to stop what runs, and to start what is over. */
function RowButton({ runtime, view }: Pick<RowProps, 'runtime' | 'view'>) {
  const verb = runtime.status === 'active' ? 'stop' : 'start';
  const now = ongoing.value.get(runtime.id);
  const act = async () => {
    if (verb === 'stop' && !(await isSure(verb, [runtime]))) return;
    const answer = await carryOut(verb, runtime);
    if (answer) view.list.put(answer);
  };
  return (
    <button class="framed" type="button" disabled={now !== undefined} onClick={() => void act()}>
      {now === undefined ? VERBS[verb].name : `${VERBS[now].during}…`}
      <span class="unseen"> {runtime.alias}</span>
    </button>
  );
}

function Thumbnail({ runtime, thumbnails }: Pick<RowProps, 'runtime' | 'thumbnails'>) {
  const place = useRef<HTMLSpanElement>(null);
  const maySee = useMay()('runtimes:connect');
  const isUp = maySee && isRunning(runtime);
  useLayoutEffect(() => {
    if (isUp && place.current) return thumbnails.observe(place.current, runtime);
    return undefined;
  }, [isUp, runtime.id]);
  const url = isUp ? thumbnails.pictures.value.get(runtime.id) : undefined;
  return (
    <span ref={place} class="thumbnail" aria-hidden="true">
      {url ? <img src={url} alt="" /> : 'No picture'}
    </span>
  );
}
