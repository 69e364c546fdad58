/** What is about to be cancelled, before it is: a page of its own, which needs no script. */
import { LinkButton } from './components/button.tsx';
import { FormFoot } from './components/form.tsx';
import { Empty, PageHead, Panel } from './components/panel.tsx';
import { State } from './components/state.tsx';
import { Table } from './components/table.tsx';
import { Ago, Id } from './components/text.tsx';
import { Attempts, type DeliveryRow } from './delivery-parts.tsx';

type CancelProps = {
  /** Those that wait. */
  rows: readonly DeliveryRow[];
  /** Ticked, but ended since. */
  endedCount: number;
  action: string;
  backHref: string;
  nowMs: number;
};

export function CancelDeliveries({ rows, endedCount, action, backHref, nowMs }: CancelProps) {
  const words = rows.length === 1 ? '1 delivery' : `${rows.length} deliveries`;
  if (rows.length === 0) {
    return (
      <>
        <PageHead title="Cancel deliveries" />
        <Empty icon="ban" title="None of them is waiting" framed>
          <span>Only what waits for an attempt can be cancelled. </span>
          <a class="link" href={backHref}>
            Back to the deliveries
          </a>
        </Empty>
      </>
    );
  }
  return (
    <form method="post" action={action} class="flex flex-col gap-5">
      <PageHead
        title={`Cancel ${words}?`}
        sentence={
          'They are not tried again. Their events are kept, so they can be retried later.' +
          (endedCount === 0 ? '' : ` ${endedCount} of those you ticked have ended already.`)
        }
      />
      <Panel title="Waiting now" flush>
        <Table
          compact
          columns={[
            { name: 'State' },
            { name: 'Event' },
            { name: 'Endpoint' },
            { name: 'Attempts', number: true },
            { name: 'Accepted', number: true },
            { name: 'Delivery' },
          ]}
        >
          {rows.map((row) => (
            <tr>
              <td class="c-state">
                <State name={row.state} />
              </td>
              <td class="c-main font-medium">
                <input type="hidden" name="id" value={row.id} />
                <a class="quiet-link" href={row.href} safe>
                  {row.eventType}
                </a>
              </td>
              <td safe>{row.endpoint.name}</td>
              <td class="r" data-label="Attempts">
                <Attempts row={row} />
              </td>
              <td class="r">
                <Ago at={row.createdAt} nowMs={nowMs} />
              </td>
              <td class="max-sm:hidden!">
                <Id id={row.id} />
              </td>
            </tr>
          ))}
        </Table>
      </Panel>
      <FormFoot label={`Cancel ${words}`} variant="destructive">
        <LinkButton label="Keep them" variant="ghost" size="default" href={backHref} />
      </FormFoot>
    </form>
  );
}
