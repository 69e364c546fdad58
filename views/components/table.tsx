/**
 * Tables. A cell is a `<td>` of the page's own. On a phone a table becomes a list of two-line rows:
 * `c-main` and `c-state` first; others carry their head in `data-label`; `max-sm:hidden!` drops
 * one.
 */
import type { Children } from '@kitajs/html';
import { LinkButton } from './button.tsx';

export type Column = {
  /** Empty for a column of buttons: then it is read out as "Actions". */
  name: string;
  number?: boolean;
  class?: string;
  /** The list is sorted by it. */
  sorted?: 'ascending' | 'descending';
};

export function Table(props: {
  columns: readonly Column[];
  compact?: boolean;
  /** For a table that must keep its columns on a phone. */
  stack?: boolean;
  id?: string;
  label?: string;
  /** `<tr>`s. */
  children: Children;
}) {
  const { columns, compact = false, stack = true, children } = props;
  return (
    <div class="table-container">
      <table
        class="table"
        data-density={compact ? 'compact' : undefined}
        data-stack={stack ? '' : undefined}
        aria-label={props.label}
      >
        <thead>
          <tr>
            {columns.map(({ name, number, sorted, class: classes }) => (
              <th class={[number && 'r', classes]} aria-sort={sorted}>
                {name === '' ? <span class="sr-only">Actions</span> : <span safe>{name}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody id={props.id}>{children}</tbody>
      </table>
    </div>
  );
}

/** A chart as figures, newest first; texts only. It scrolls, so it takes focus. */
export function AsTable(props: {
  label: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}) {
  const { label, columns, rows } = props;
  return (
    <details class="as-table mt-3">
      <summary>Show as a table</summary>
      <section class="as-table-box" tabindex={0} aria-label={label}>
        <table class="table" data-density="compact">
          <thead>
            <tr>
              {columns.map((name, index) => (
                <th class={index > 0 ? 'r' : undefined} safe>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, asTableRowsMax).map((cells) => (
              <tr>
                {cells.map((cell, index) => (
                  <td class={index > 0 ? 'r' : 'num'} safe>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

const asTableRowsMax = 30;

/** The foot of a list. Pages are found by cursors, so there is an older one and the first. */
export function Pager(props: {
  /** "25 shown, newest first" */
  text: string;
  olderHref: string | null;
  /** Null on the first page. */
  newestHref: string | null;
}) {
  const { text, olderHref, newestHref } = props;
  return (
    <>
      <span class="num" safe>
        {text}
      </span>
      <span class="flex items-center gap-2">
        {newestHref === null ? null : (
          <LinkButton label="Newest" icon="chevron-left" href={newestHref} />
        )}
        {olderHref === null ? null : (
          <LinkButton label="Older" icon="chevron-right" href={olderHref} />
        )}
      </span>
    </>
  );
}
