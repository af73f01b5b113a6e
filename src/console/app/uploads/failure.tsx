import type { Issue } from '../contract.ts';
import type { Upload } from './uploads.ts';

/** What was wrong with a file, once for each place in it. */
export function Failure({ upload: { file, error, code, issues } }: { upload: Upload<unknown> }) {
  const problems = onceEach(issues);
  const [place] = (problems[0]?.path ?? '').split('#');
  const isOneFile = problems.every(({ path }) => path.startsWith(`${place}#`));
  if (problems.length === 0) {
    return (
      <div role="alert">
        <h2>{file.name} was not added</h2>
        <p>
          <span class="wrong">{error}</span> {code && <code class="dim">{code}</code>}
        </p>
      </div>
    );
  }
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return (
    <div role="alert">
      <h2>
        {file.name} was not added: {count}
        {isOneFile && ` in ${place}`}
      </h2>
      <ul class="problems">
        {problems.map(({ path, message }) => (
          <li key={path}>
            {path && <code>{isOneFile ? path.slice(path.indexOf('#') + 1) : path}</code>}{' '}
            {plain(message)}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Of several complaints about one place, the first says enough. */
function onceEach(issues: Issue[]): Issue[] {
  return [...new Map(issues.toReversed().map((one) => [one.path, one])).values()].toReversed();
}

function plain(message: string): string {
  return message.endsWith('received undefined') ? 'is missing' : message;
}
