/** The projects of a tenant as cards, the worst first, and the form for a new one. */
import { LinkButton } from './components/button.tsx';
import { emptyDraft, type FormDraft, FormFoot, FormNotice, TextField } from './components/form.tsx';
import { formatCount, formatPercentFigure, formatShort } from './components/format.ts';
import { Empty, PageHead, Panel } from './components/panel.tsx';
import { Glyph, Mark, State } from './components/state.tsx';
import { Spark } from './components/stats.tsx';
import { Ago } from './components/text.tsx';

/** Decided by the controller, worst first. */
export type ProjectState = 'attention' | 'failing' | 'healthy' | 'quiet' | 'new';

export type ProjectCard = {
  name: string;
  href: string;
  /** The one that was open last in this browser, whose menu stands beside. */
  isHere: boolean;
  state: ProjectState;
  endpoints: number;
  breakersOpen: number;
  failing: number;
  stopped: number;
  pending: number;
  delivered: number;
  successRatio: number | null;
  /** The success of a day is worth a warning. */
  isLow: boolean;
  series: readonly number[];
  lastDeliveryAt: string | null;
};

type ProjectsProps = {
  cards: readonly ProjectCard[];
  sentence: string;
  /** Null for who may not make one. */
  newHref: string | null;
  /** The other tenants of the person. */
  others: readonly { name: string; href: string }[];
  /** Null where people may not make tenants. */
  newTenantHref: string | null;
  nowMs: number;
};

export function Projects({
  cards,
  sentence,
  newHref,
  others,
  nowMs,
  newTenantHref,
}: ProjectsProps) {
  return (
    <>
      <PageHead
        title="Projects"
        sentence={sentence}
        actions={
          newHref === null ? null : (
            <LinkButton
              label="New project"
              icon="plus"
              variant="primary"
              href={newHref}
              shortcut="N"
            />
          )
        }
      />
      {cards.length === 0 ? (
        <Empty icon="folder" title="No projects yet" framed>
          A project keeps its own keys, endpoints and events.
        </Empty>
      ) : (
        <div class="grid gap-5 md:grid-cols-2 xl:grid-cols-3">
          {cards.map((card) => (
            <Card card={card} nowMs={nowMs} />
          ))}
        </div>
      )}
      {newTenantHref === null ? null : (
        <p class="text-xs">
          <a class="link" href={newTenantHref}>
            New tenant
          </a>{' '}
          <span class="text-muted-foreground">for people and projects apart from these.</span>
        </p>
      )}
      {others.length === 0 ? null : (
        <Panel title="Other tenants" sub="you are in" flush>
          <ul class="divide-y">
            {others.map(({ name, href }) => (
              <li class="flex items-center justify-between gap-3 px-4 py-2.5">
                <a class="quiet-link truncate font-medium" href={href} safe>
                  {name}
                </a>
                <a class="link text-xs" href={href}>
                  Open
                </a>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

function CardState({ card }: { card: ProjectCard }) {
  switch (card.state) {
    case 'attention':
      return (
        <Mark glyph="bad" tone="bad">
          Needs attention
        </Mark>
      );
    case 'failing':
      return <State name="failing" word={`${card.failing} failing`} />;
    case 'healthy':
      return <State name="healthy" />;
    case 'quiet':
      return (
        <Mark glyph="dot" quiet>
          Quiet
        </Mark>
      );
    case 'new':
      return (
        <Mark glyph="pending" quiet>
          Nothing yet
        </Mark>
      );
  }
}

function Card({ card, nowMs }: { card: ProjectCard; nowMs: number }) {
  const delivered = formatShort(card.delivered);
  const isActive = card.series.some((count) => count > 0);
  return (
    <section class="card">
      <header>
        <h2 class="flex min-w-0 items-center">
          <a class="quiet-link truncate" href={card.href} safe>
            {card.name}
          </a>
          {card.isHere ? <span class="count ml-2 shrink-0">you are here</span> : null}
        </h2>
        <CardState card={card} />
      </header>
      <section class="flex grow flex-col gap-3">
        <div class="grid grid-cols-3 gap-3">
          <Figure name="Delivered, 24 h" value={delivered.value} unit={delivered.unit} />
          <Figure
            name="Success"
            value={formatPercentFigure(card.successRatio)}
            unit={card.successRatio === null ? '' : '%'}
            warns={card.isLow}
          />
          <Figure name="Pending" value={formatCount(card.pending)} unit="" />
        </div>
        {isActive ? (
          <Spark values={card.series} />
        ) : (
          <div class="mt-1.5 flex h-7 items-center justify-center rounded-sm border border-dashed text-2xs text-muted-foreground">
            {card.state === 'new' ? 'Send the first event' : 'Nothing in 24 hours'}
          </div>
        )}
        <dl class="grid grid-cols-[5.5rem_1fr] gap-y-1.5 border-t pt-3">
          <dt class="text-muted-foreground">Endpoints</dt>
          <dd class="num flex justify-between">
            <span>{card.endpoints}</span>
            <EndpointMarks card={card} />
          </dd>
        </dl>
      </section>
      <footer>
        <span>
          {card.lastDeliveryAt === null ? (
            'No delivery in 48 h'
          ) : (
            <>
              Last delivery <Ago at={card.lastDeliveryAt} nowMs={nowMs} />
            </>
          )}
        </span>
        <a class="link" href={card.href}>
          Open
        </a>
      </footer>
    </section>
  );
}

function EndpointMarks({ card }: { card: ProjectCard }) {
  const marks = [
    { glyph: 'bad', count: card.breakersOpen, word: 'breaker open' },
    { glyph: 'warn', count: card.failing, word: 'failing' },
    { glyph: 'paused', count: card.stopped, word: 'paused or disabled' },
  ] as const;
  return (
    <span class="flex gap-2">
      {marks
        .filter(({ count }) => count > 0)
        .map(({ glyph, count, word }) => (
          <span class="st" title={word}>
            <Glyph name={glyph} />
            {count}
            <span class="sr-only">{word}</span>
          </span>
        ))}
    </span>
  );
}

type FigureProps = { name: string; value: string; unit: string; warns?: boolean };

function Figure({ name, value, unit, warns = false }: FigureProps) {
  return (
    <div>
      <span class="block text-xs text-muted-foreground" safe>
        {name}
      </span>
      <span class={['num text-base leading-6 font-semibold tracking-tight', warns && 'text-warn']}>
        <span safe>{value}</span>
        {unit === '' ? null : (
          <small class="text-xs font-normal text-muted-foreground" safe>
            {` ${unit}`}
          </small>
        )}
      </span>
    </div>
  );
}

export function NewProject(props: { action: string; cancelHref: string; draft?: FormDraft }) {
  const { action, cancelHref, draft = emptyDraft } = props;
  return (
    <form method="post" action={action} class="flex w-full max-w-[45rem] flex-col gap-5">
      <PageHead title="New project" sentence="It has its own keys, endpoints and events." />
      <FormNotice draft={draft} labels={{ name: 'Name' }} />
      <Panel title="What is it called?">
        <TextField
          name="name"
          label="Name"
          value={draft.value('name')}
          error={draft.errors.get('name')}
          help="Its addresses are made from it once and stay when it is renamed."
          required
          maxlength={200}
          autofocus
        />
      </Panel>
      <FormFoot label="Create project" cancelHref={cancelHref} />
    </form>
  );
}
