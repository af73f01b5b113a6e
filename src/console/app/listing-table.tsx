import type { ComponentChildren } from 'preact';

/** What a column has; the second text is its class: `less` where there is room, `act` for buttons. */
type Column = string | readonly [label: string, className: string];

interface ListingTableProps {
  caption: string;
  className: string;
  columns: readonly Column[];
  /** The rows. */
  children: ComponentChildren;
}

/** A list as a table. Readers of screens hear its caption, and what its buttons are in. */
export function ListingTable({ caption, className, columns, children }: ListingTableProps) {
  return (
    <table class={`listing ${className}`}>
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>{columns.map(heading)}</tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

function heading(column: Column) {
  const [label, className] = typeof column === 'string' ? [column, undefined] : column;
  return (
    <th key={label} scope="col" class={className}>
      {className === 'act' ? <span class="unseen">{label}</span> : label}
    </th>
  );
}
