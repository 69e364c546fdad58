/** How sources fare, in the words and figures of their page. */
import { formatAge, formatCount } from '../../../views/components/format.ts';
import type { ChosenSource, SourceRow } from '../../../views/sources.tsx';
import type { SourceHealth, SourcesHealth } from '../../usecases/sources/read-source-health.ts';

/** From here on the refused are worth a state: some of every sender's are scans. */
const refusedRatioMin = 0.01;

const nothing: SourceHealth = { accepted: 0, repeated: 0, refused: 0, reasons: [] };

const totalOf = ({ accepted, repeated, refused }: SourceHealth) => accepted + repeated + refused;

type Pausable = { pausedAt: string | null };

function sourceStateOf(health: SourceHealth, { pausedAt }: Pausable): SourceRow['state'] {
  if (pausedAt !== null) return 'paused';
  const total = totalOf(health);
  if (total === 0) return 'unknown';
  return health.refused / total >= refusedRatioMin ? 'failing' : 'healthy';
}

export function rowHealthOf(
  source: Pausable,
  health: SourceHealth = nothing,
): Pick<SourceRow, 'state' | 'accepted' | 'refused'> {
  const { accepted, refused } = health;
  return { state: sourceStateOf(health, source), accepted, refused };
}

export function chosenHealthOf(
  { bySource, lastVerifiedAt, hours }: SourcesHealth,
  source: Pausable & { id: string },
  nowMs: number,
): Pick<ChosenSource, 'stats' | 'reasons' | 'state' | 'hours'> {
  const health = bySource.get(source.id) ?? nothing;
  const { accepted, repeated, refused, reasons } = health;
  const state = sourceStateOf(health, source);
  const [age = '', unit = ''] =
    lastVerifiedAt === null
      ? ['–']
      : formatAge(Math.max(0, nowMs - Date.parse(lastVerifiedAt))).split(' ');
  return {
    state,
    reasons,
    hours,
    stats: [
      {
        label: 'Last verified',
        value: age,
        unit: unit === '' ? '' : `${unit} ago`,
        sub: lastVerifiedAt === null ? 'no message yet' : 'its signature held',
      },
      { label: 'Accepted, 24 h', value: formatCount(accepted), sub: 'became events' },
      {
        label: 'Rejected, 24 h',
        value: formatCount(refused),
        sub: refused === 0 ? 'none' : 'not stored',
        ...(state === 'failing' ? { tone: 'bad' as const } : {}),
      },
      { label: 'Repeats dropped', value: formatCount(repeated), sub: 'known already' },
    ],
  };
}

/** Those that fail before others, of them the one of which most is refused; else as they came. */
export function worstFirst<Source extends Pausable & { id: string }>(
  sources: readonly Source[],
  bySource: SourcesHealth['bySource'],
): Source[] {
  const refusedOf = (source: Source) => {
    const health = bySource.get(source.id) ?? nothing;
    return sourceStateOf(health, source) === 'failing' ? health.refused : 0;
  };
  return sources.toSorted((a, b) => refusedOf(b) - refusedOf(a));
}

/** What the page says first, of sources as worstFirst has them. */
export function sourcesSentence(
  [worst]: readonly (Pausable & { id: string; name: string })[],
  bySource: SourcesHealth['bySource'],
): string {
  const become = 'Webhooks from elsewhere become events here';
  const health = bySource.get(worst?.id ?? '') ?? nothing;
  if (worst === undefined || sourceStateOf(health, worst) !== 'failing') {
    return `${become}, once their signature holds.`;
  }
  const counts = `${formatCount(health.refused)} of ${formatCount(totalOf(health))}`;
  return `${become}. ${worst.name}: ${counts} were rejected in 24 h.`;
}
