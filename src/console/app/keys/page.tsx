import { useEffect } from 'preact/hooks';
import { Needed } from '../not-allowed.tsx';
import { useMay } from '../scopes.ts';
import { Section } from '../section.tsx';
import { loadWorkspaces } from '../workspaces.ts';
import { KeysSection } from './keys-section.tsx';
import { WorkspacesSection } from './workspaces-section.tsx';

/** Who may do what, and where. */
export function KeysPage() {
  const may = useMay();
  const maySee = may('workspaces:read');
  useEffect(() => {
    document.title = 'Keys and workspaces · bctrl';
    void loadWorkspaces();
  }, []);
  return (
    <main class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Keys and workspaces</h1>
      </div>
      {may('admin') ? <KeysSection /> : <Closed title="API keys" scope="admin" />}
      {maySee ? <WorkspacesSection /> : <Closed title="Workspaces" scope="workspaces:read" />}
    </main>
  );
}

function Closed({ title, scope }: { title: string; scope: 'admin' | 'workspaces:read' }) {
  return (
    <Section title={title}>
      <p class="dim">
        <Needed scopes={[scope]} />
      </p>
    </Section>
  );
}
