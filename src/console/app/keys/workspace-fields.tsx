import { CheckField } from '../form/fields.tsx';
import { workspaces } from '../workspaces.ts';

/** The workspaces that the key is limited to. */
export function WorkspaceFields() {
  if (workspaces.value.length === 0) return null;
  return (
    <fieldset>
      <legend>Only in these workspaces</legend>
      <p class="dim">If you choose none, the key can use all workspaces, also later ones.</p>
      <div class="choices">
        {workspaces.value.map(({ id, name }) => (
          <CheckField key={id} name="workspaceIds" value={id} label={name} />
        ))}
      </div>
    </fieldset>
  );
}
