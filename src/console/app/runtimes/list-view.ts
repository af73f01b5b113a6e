import { computed, signal } from '@preact/signals';
import type { Runtime } from '../contract.ts';
import { stateOf } from '../words.ts';
import { nameOfWorkspace } from '../workspaces.ts';
import type { RuntimeList } from './runtime-list.ts';

/** What is looked for, and what is chosen, in the list of runtimes. */
export class ListView {
  readonly text = signal('');
  readonly chosen = signal<ReadonlySet<string>>(new Set());
  readonly list: RuntimeList;
  readonly shown = computed(() => {
    const words = this.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = this.list.rows.value;
    if (words.length === 0) return rows;
    return rows.filter((row) => words.every((word) => searchedTextOf(row).includes(word)));
  });
  /** Those of the chosen that are shown: nothing is done with what nobody sees. */
  readonly chosenRows = computed(() =>
    this.shown.value.filter(({ id }) => this.chosen.value.has(id)),
  );

  constructor(list: RuntimeList) {
    this.list = list;
  }

  choose(id: string, isChosen: boolean): void {
    const chosen = new Set(this.chosen.value);
    if (isChosen) chosen.add(id);
    else chosen.delete(id);
    this.chosen.value = chosen;
  }

  chooseAll(isChosen: boolean): void {
    this.chosen.value = new Set(isChosen ? this.shown.value.map(({ id }) => id) : []);
  }
}

function searchedTextOf(row: Runtime): string {
  const { label, detail } = stateOf(row);
  const { alias, id, workspaceId, driver, kind, summary } = row;
  const where = nameOfWorkspace(workspaceId);
  const parts = [alias, id, where, driver, kind, summary?.launchMode, label, detail];
  return parts.join(' ').toLowerCase();
}
