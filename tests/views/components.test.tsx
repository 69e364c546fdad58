/**
 * Each component in use, on one sheet: markup in a text stays text, nothing breaks the policy of
 * pages, and charts and bars say in words what they draw.
 */
import { describe, expect, test } from 'bun:test';
import {
  Budget,
  Heartbeat,
  PhasesBar,
  PhasesLegend,
  Progress,
} from '../../views/components/bars.tsx';
import { Button, CopyButton, LinkButton, PanelLink } from '../../views/components/button.tsx';
import { axisMax, BarChart, LineChart } from '../../views/components/chart.tsx';
import { CodeBox, CodeText, Diff, JsonLines, ShellLines } from '../../views/components/code.tsx';
import { FormDialog } from '../../views/components/dialog.tsx';
import {
  ActiveChip,
  ChipMenu,
  FilterBar,
  SearchField,
  Tabs,
} from '../../views/components/filters.tsx';
import {
  ChipsField,
  Choices,
  describedBy,
  emptyDraft,
  Field,
  FormNotice,
  SelectField,
  SwitchRow,
  TextArea,
  TextField,
} from '../../views/components/form.tsx';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatShort,
} from '../../views/components/format.ts';
import {
  AttentionList,
  Callout,
  Empty,
  Facts,
  KeyValues,
  Panel,
} from '../../views/components/panel.tsx';
import { NewSecret, Secret } from '../../views/components/secret.tsx';
import { Pill, State } from '../../views/components/state.tsx';
import { Pager, Table } from '../../views/components/table.tsx';
import { Ago, Avatar, Id, Key, StatusCode, Tag, Until } from '../../views/components/text.tsx';
import { Timeline, TimelineItem } from '../../views/components/timeline.tsx';
import { findPageOffences } from '../support/page-rules.ts';

const bad: string = '"><script src="//evil.example"></script>';
const at = '2026-11-23T14:32:08.412Z';
const nowMs = Date.parse(at) + 14 * 60_000;
const field = { label: bad, help: bad, error: bad };
const draft = { ...emptyDraft, errors: new Map([['name', bad]]), notices: [bad] };

const sheets = {
  texts: () => (
    <Panel
      title={bad}
      sub={bad}
      footer={<Id id={bad} />}
      actions={<PanelLink href="/" label={bad} />}
    >
      <Ago at={at} nowMs={nowMs} />
      <Until at={at} nowMs={nowMs} />
      <Tag word={bad} />
      <Avatar name={bad} />
      <Key keys={bad} />
      <StatusCode status={null} error={bad} />
      <State name="failed" word={bad} />
      <Pill name="down" word={bad} />
      <Callout glyph="bad" tone="bad" title={bad} alert />
      <Empty icon="send" title={bad} />
      <Facts facts={[{ name: bad, value: <Tag word={bad} /> }]} />
      <KeyValues pairs={[[bad, bad]]} />
      <AttentionList
        nowMs={0}
        items={[{ glyph: 'bad', title: bad, text: bad, href: '/', link: bad, since: null }]}
      />
    </Panel>
  ),
  controls: () => (
    <>
      <Button label={bad} icon="plus" shortcut="N" />
      <Button label={bad} icon="x" size="icon-sm" />
      <LinkButton label={bad} href="/" />
      <CopyButton text={bad} what={bad} />
      <FilterBar label={bad} action="/">
        <SearchField placeholder={bad} label={bad} value={bad} />
        <ActiveChip name={bad} value={bad} href="/" />
        <ChipMenu name={bad}>
          <Tag word={bad} />
        </ChipMenu>
      </FilterBar>
      <Tabs items={[{ label: bad, href: '/', current: true, count: 2, tone: 'bad' }]} />
      <Secret text={bad} masked={false} what={bad} />
      <NewSecret title={bad} text={bad} what={bad} doneHref="/" />
      <FormDialog id="ask" title={bad} text={bad} action="/" submit={bad} variant="destructive" />
    </>
  ),
  forms: () => (
    <form method="post">
      <FormNotice draft={draft} labels={{ name: bad }} />
      <TextField {...field} name="name" value={bad} unit={bad} />
      <TextArea {...field} name="about" value={bad} />
      <SelectField {...field} name="kind" options={[{ value: bad, label: bad }]} value={bad} />
      <ChipsField {...field} name="types" values={[bad]} />
      <Field {...field} name="own">
        <input id="own" {...describedBy({ ...field, name: 'own' })} />
      </Field>
      <SwitchRow name="on" label={bad} text={bad} checked />
      <Choices
        name="way"
        legend={bad}
        value={bad}
        choices={[{ value: bad, label: bad, text: bad }]}
      />
    </form>
  ),
  figures: () => (
    <>
      <BarChart
        max={4}
        ys={[bad]}
        xs={[bad]}
        label={bad}
        titles={[bad]}
        series={[{ paint: 'soft', values: [2] }]}
      />
      <LineChart
        max={4}
        ys={[bad]}
        xs={[bad]}
        label={bad}
        titles={[bad, bad, bad]}
        series={[{ paint: 'acc', values: [1, null, 3], area: true }]}
      />
      <Heartbeat beats={[{ state: 'down', title: bad }]} what={bad} />
      <Progress parts={[{ paint: 'ok', value: 1 }]} total={2} label={bad} />
      <Timeline>
        <TimelineItem glyph="retry" title={bad} aside={<Tag word={bad} />} />
      </Timeline>
      <Table columns={[{ name: bad, number: true }, { name: '' }]} label={bad}>
        <tr>
          <td safe>{bad}</td>
        </tr>
      </Table>
      <Pager text={bad} olderHref="/?cursor=a" newestHref={null} />
      <CodeBox title={bad} copies={bad}>
        <CodeText text={bad} />
        <JsonLines text={`{"a": "${bad}", "n": -1.5, "t": true}`} />
        <ShellLines text={`curl '${bad}' ${bad}`} />
      </CodeBox>
      <Diff lines={[{ kind: 'del', text: bad }]} />
    </>
  ),
};

describe('components', () => {
  test.each(Object.entries(sheets))('keep markup in texts as text: %s', async (_name, sheet) => {
    const html = await sheet();
    const scripts: string[] = [];
    const rewriter = new HTMLRewriter().on('script', {
      element: (script) => void scripts.push(script.getAttribute('src') ?? ''),
    });
    await rewriter.transform(new Response(html)).text();
    expect(scripts).toEqual([]);
    expect(await findPageOffences(html)).toEqual([]);
  });

  test('say in words what bars draw', async () => {
    const times = { dnsMs: 3, connectMs: 22, tlsMs: 315, firstByteMs: 0, downloadMs: 0 };
    const phases = await PhasesBar({ times, maxMs: 200 });
    expect(phases).toContain('aria-label="DNS 3 ms, Connect 22 ms, TLS 315 ms');
    expect(phases).toContain('<path d="M962');
    expect(await PhasesLegend()).toContain('First byte');
    expect(await Budget({ left: -4.1, tone: 'bad' })).toContain('-4.1 % of the error budget left');
    const beats = await Heartbeat({
      beats: [
        { state: 'up', title: '14:00' },
        { state: 'down', title: '14:01' },
      ],
    });
    expect(beats).toContain('Last 2 checks: 1 down, 0 degraded');
    expect(beats).toContain('14:01, down');
  });

  test('colour JSON without changing it', async () => {
    const text = '{"type": "a\\"b", "amount": 18420.50, "final": false}';
    const html = (await JsonLines({ text })).replaceAll('&quot;', '"');
    expect(html).toContain('<span class="jk">"type"</span>');
    expect(html).toContain('<span class="jn">18420.50</span>');
    expect(html).toContain('<span class="jl">false</span>');
    const shown = html.replace(/<span class="ln">\d+<\/span>/, '').replace(/<[^>]*>/g, '');
    expect(shown).toBe(text);
  });

  test('leave a gap in a line where nothing was measured', async () => {
    const html = await LineChart({
      max: 10,
      ys: ['10', '0'],
      xs: [],
      label: 'p95',
      titles: ['a', 'b', 'c', 'd'],
      series: [{ paint: 'acc', values: [1, 2, null, 4] }],
    });
    expect(html.match(/class="s s-acc"/g)).toHaveLength(2);
  });
});

describe('figures', () => {
  test.each([
    [formatCount(1204), '1\u202f204'],
    [formatCount(-3), '−3'],
    [formatPercent(0.99999), '99.99\u202f%'],
    [formatPercent(1), '100.00\u202f%'],
    [formatPercent(null), '–'],
    [formatBytes(1_536), '1.5 KiB'],
    [formatDuration(184), '184 ms'],
    [formatDuration(252_000), '4 min 12 s'],
    [formatDuration(272_100_000), '3 d 3 h'],
    [formatAge(3_599_000), '59 min'],
    [Object.values(formatShort(1_284_003)).join(' '), '1.28 M'],
    [Object.values(formatShort(9_999)).join(''), '9\u202f999'],
  ])('%s is written as %s', (written, wanted) => {
    expect(written).toBe(wanted);
  });

  test.each([
    [0, 4],
    [17, 20],
    [410, 500],
    [1_000, 1_000],
  ])('an axis for %d ends at %d', (greatest, wanted) => {
    expect(axisMax(greatest)).toBe(wanted);
  });
});
