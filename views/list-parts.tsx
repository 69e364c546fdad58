/** What the lists of deliveries and events share: exact times, and what came since. */
import type { Children } from '@kitajs/html';
import { Button } from './components/button.tsx';
import {
  ActiveChip,
  ChipMenu,
  type Choice,
  ChoiceMenu,
  FilterBar,
  SearchField,
  type SegmentItem,
  Segments,
} from './components/filters.tsx';
import { live } from './components/refresh.ts';

export type ListFiltersProps = {
  label: string;
  /** The list's own address. */
  path: string;
  search: { placeholder: string; label: string };
  q: string;
  /** What stands in the address, by the form's names. */
  fields: Readonly<Record<string, string | undefined>>;
  chips: readonly { name: string; value: string; href: string }[];
  menus: readonly { name: string; choices: readonly Choice[] }[];
  spans: readonly SegmentItem[];
};

/** Search, what is on, what may be added, and the time. */
export function ListFilters(props: ListFiltersProps & { children?: Children }) {
  const { since, until, q: _, ...kept } = props.fields;
  return (
    <FilterBar label={props.label} action={props.path}>
      <SearchField {...props.search} value={props.q} wide />
      <KeptFields fields={kept} />
      {props.chips.map((chip) => (
        <ActiveChip {...chip} />
      ))}
      {props.menus.map((menu) => (
        <ChoiceMenu {...menu} />
      ))}
      {props.children}
      <TimesMenu since={since} until={until} />
      <span class="ml-auto">
        <Segments label="Time" items={props.spans} />
      </span>
    </FilterBar>
  );
}

type TimesProps = { since: string | undefined; until: string | undefined };

/** Exact times, for what the segments cannot say; the fields are of the filters' form. */
function TimesMenu({ since, until }: TimesProps) {
  return (
    <ChipMenu name="Times">
      <TimeField name="since" label="Since" value={since} />
      <TimeField name="until" label="Until" value={until} />
      <p class="note">UTC, like 2026-01-31T12:00:00Z</p>
      <Button label="Apply" type="submit" />
    </ChipMenu>
  );
}

function TimeField(props: { name: string; label: string; value: string | undefined }) {
  return (
    <label class="flex items-center justify-between gap-3 text-xs">
      <span safe>{props.label}</span>
      <input
        class="input h-7 w-48 font-mono text-xs!"
        name={props.name}
        value={props.value}
        autocomplete="off"
        spellcheck="false"
      />
    </label>
  );
}

/** What stands in the address and has no field of its own. */
function KeptFields({ fields }: { fields: Readonly<Record<string, string | undefined>> }) {
  const safeInputs = Object.entries(fields).map(([name, value]) =>
    value === undefined ? null : <input type="hidden" name={name} value={value} />,
  );
  return <>{safeInputs}</>;
}

export type NewerProps = {
  count: number;
  /** One more is shown as "99+". */
  countMax: number;
  kind: 'events' | 'deliveries';
  one: string;
  several: string;
  /** The newest page with what is new marked; asked by htmx, this part. */
  path: string;
};

/** Of one that is read aloud while the number grows. */
const announceSeconds = 10;

/** What came since waits behind a link, so that no row moves under the reader. */
export function Newer({ count, countMax, kind, one, several, path }: NewerProps) {
  const shown = count > countMax ? `${countMax}+` : String(count);
  return (
    <div
      id="newer"
      class="border-t"
      {...live(path, [kind], { restSeconds: announceSeconds })}
      aria-live="polite"
    >
      {count === 0 ? null : (
        <p class="flex h-8 items-center border-b bg-primary/6 px-4 text-xs">
          <a class="link font-medium no-underline!" href={path} safe>
            {`Show ${shown} newer ${count === 1 ? one : several}`}
          </a>
        </p>
      )}
    </div>
  );
}
