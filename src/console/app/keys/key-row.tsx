import { useSignal } from '@preact/signals';
import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { ApiKey } from '../contract.ts';
import { currentSession } from '../current-session.ts';
import { since, written } from '../times.ts';
import { toast } from '../toasts.tsx';
import { nameOfWorkspace } from '../workspaces.ts';
import { allowedBy } from './scope-words.ts';

interface KeyRowProps {
  apiKey: ApiKey;
  onRevoked: () => void;
}

export function KeyRow({ apiKey, onRevoked }: KeyRowProps) {
  const { id, name, hint, scopes, workspaceIds, createdAt } = apiKey;
  const isBusy = useSignal(false);
  const isOwn = currentSession.value?.keyId === id;
  const revoke = async () => {
    const title = `Revoke ${name}?`;
    const text = `Whoever uses ${hint}… is refused from now on. ${LEFT}${isOwn ? OWN : ''}`;
    if (!(await confirm({ title, text, verb: 'Revoke' }))) return;
    isBusy.value = true;
    try {
      await call('DELETE', `/v1/api-keys/${id}`);
      onRevoked();
    } catch (reason) {
      toast(sentenceOf(reason), { isBad: true });
      isBusy.value = false;
    }
  };
  const where = workspaceIds?.map(nameOfWorkspace).join(', ') ?? 'all';
  return (
    <tr>
      <th scope="row">
        <span class="two">
          <b>{name}</b>
          <span class="dim">
            <code>{hint}…</code>
            {isOwn && (
              <>
                {' '}
                <span class="badge">yours</span>
              </>
            )}
          </span>
        </span>
      </th>
      <td class="allows">{allowedBy(scopes)}</td>
      <td class="less open-in" title={where}>
        {where}
      </td>
      <td class="less" title={written(createdAt)}>
        {since(createdAt)}
      </td>
      <td class="act">
        <button
          class="framed danger"
          type="button"
          disabled={isBusy.value}
          onClick={() => void revoke()}
        >
          Revoke<span class="unseen"> {name}</span>
        </button>
        {isOwn && <div class="dim">signs you out</div>}
      </td>
    </tr>
  );
}

const LEFT =
  'Programs that are connected stay, and connection addresses stay good until they expire.';
const OWN = ' You are signed in with this key: you will have to sign in with another.';
