/** The tenant's side of portals: links for its customers, how it looks, and who may frame it. */
import { Button, LinkButton } from './components/button.tsx';
import { FormPage } from './components/dialog.tsx';
import {
  Choices,
  type FormDraft,
  FormNotice,
  SelectField,
  TextArea,
  TextField,
} from './components/form.tsx';
import { PageHead, Panel } from './components/panel.tsx';
import { NewSecret } from './components/secret.tsx';
import { Table } from './components/table.tsx';
import { Ago, Until } from './components/text.tsx';
import { PortalHead } from './portal-frame.tsx';

export type PortalLinkRow = {
  customer: string;
  mayWrite: boolean;
  createdAt: string;
  expiresAt: string;
  revokeHref: string;
};

export type PortalSettingsProps = {
  path: string;
  projectName: string;
  settings: {
    name: string | null;
    color: string | null;
    darkColor: string | null;
    frameOrigins: readonly string[];
  };
  /** The one that is used in the dark, chosen or not. */
  darkColor: string | null;
  look: FormDraft;
  link: FormDraft;
  /** Made just now. */
  made: { customer: string; url: string } | null;
  links: readonly PortalLinkRow[];
  /** There are more than are listed. */
  more: boolean;
  mayWrite: boolean;
  nowMs: number;
};

export function PortalSettings(props: PortalSettingsProps) {
  const { made, path, mayWrite } = props;
  return (
    <>
      <PageHead
        title="Portal"
        sentence="With a link, a customer of yours sees and manages its own endpoints and deliveries, in your name and colours."
      />
      {made === null ? null : (
        <NewSecret
          title={`The link for ${made.customer} is shown this once`}
          text={made.url}
          what="link"
          doneHref={path}
        />
      )}
      <div class="split xl:grid-cols-[minmax(0,1fr)_25rem]">
        <div class="main-col">
          {mayWrite ? <NewLink {...props} /> : null}
          <Links {...props} />
        </div>
        <div class="aside-col">
          <Preview {...props} />
          {mayWrite ? <Look {...props} /> : null}
        </div>
      </div>
    </>
  );
}

const linkLabels = {
  customer: 'Customer',
  expiresInSeconds: 'It ends',
  permission: 'It lets them',
};

function NewLink({ path, link }: PortalSettingsProps) {
  return (
    <Panel title="Make a link" class="grow-0!">
      <form class="flex flex-col gap-4" method="post" action={`${path}/links`}>
        <FormNotice draft={link} labels={linkLabels} />
        <div class="grid gap-4 sm:grid-cols-2">
          <TextField
            name="customer"
            label={linkLabels.customer}
            required
            maxlength={128}
            value={link.value('customer')}
            error={link.errors.get('customer')}
            help="In your own words: it sees endpoints with this customer, and events with it in metadata.customer."
          />
          <SelectField
            name="expiresInSeconds"
            label={linkLabels.expiresInSeconds}
            value={link.value('expiresInSeconds') ?? '3600'}
            error={link.errors.get('expiresInSeconds')}
            options={[
              { value: '3600', label: 'in 1 h' },
              { value: '86400', label: 'in 1 day' },
              { value: '604800', label: 'in 7 days' },
            ]}
            help="Whoever has the link is the customer until then."
          />
        </div>
        <Choices
          name="permission"
          legend={linkLabels.permission}
          class="sm:grid-cols-2"
          value={link.value('permission') ?? 'write'}
          choices={[
            {
              value: 'write',
              label: 'Manage',
              text: 'Add, change and test endpoints, see secrets',
            },
            { value: 'read', label: 'Look', text: 'Endpoints and deliveries, no secret' },
          ]}
        />
        <div>
          <Button label="Make link" type="submit" variant="primary" size="default" />
        </div>
      </form>
    </Panel>
  );
}

function Links({ links, more, mayWrite, nowMs }: PortalSettingsProps) {
  return (
    <Panel
      title="Links that hold"
      sub={more ? `the newest ${links.length}` : String(links.length)}
      flush
    >
      {links.length === 0 ? (
        <p class="px-4 py-6 text-center text-muted-foreground">
          None. Each ends by itself, a week after it was made at the latest.
        </p>
      ) : (
        <Table
          columns={[
            { name: 'Customer' },
            { name: 'Lets them' },
            { name: 'Made', number: true },
            { name: 'Ends', number: true },
            ...(mayWrite ? [{ name: '' }] : []),
          ]}
        >
          {links.map((link) => (
            <tr>
              <td class="c-main w-full max-w-0 truncate font-medium" safe>
                {link.customer}
              </td>
              <td class="c-state">{link.mayWrite ? 'manage' : 'look'}</td>
              <td class="r text-muted-foreground" data-label="Made">
                <Ago at={link.createdAt} nowMs={nowMs} />
              </td>
              <td class="r" data-label="Ends">
                <Until at={link.expiresAt} nowMs={nowMs} />
              </td>
              {mayWrite ? (
                <td class="r">
                  <LinkButton
                    label="Revoke…"
                    size="xs"
                    variant="destructive"
                    href={link.revokeHref}
                  />
                </td>
              ) : null}
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

/** Its colours are a style sheet of the saved settings, since nothing may stand inline. */
function Preview({ path, settings, projectName, darkColor }: PortalSettingsProps) {
  const { name, color } = settings;
  return (
    <Panel title="As they see it" flush class="grow-0!">
      <link rel="stylesheet" href={`${path}/brand.css`} />
      <div class="brand-preview border-t" inert>
        <PortalHead path={path} name={name ?? projectName} customer="Their name" />
        <div class="flex items-center justify-between gap-3 p-4">
          <span class="text-lg font-semibold">Webhooks</span>
          <LinkButton label="Add endpoint" icon="plus" variant="primary" href={path} />
        </div>
      </div>
      <p class="note border-t px-4 py-3" safe>
        {color === null && darkColor === null
          ? 'No colour is set: it has opsforge’s own.'
          : `${color ?? 'opsforge’s own'} on white, ${darkColor ?? 'opsforge’s own'} in the dark.`}
      </p>
    </Panel>
  );
}

const lookLabels = {
  name: 'Name',
  color: 'Colour',
  darkColor: 'Colour in the dark',
  frameOrigins: 'Whose pages may frame it',
};

function Look({ path, look, settings, projectName }: PortalSettingsProps) {
  const field = (name: 'name' | 'color' | 'darkColor') => ({
    ...{ name, label: lookLabels[name], error: look.errors.get(name), optional: true },
    value: look.value(name) ?? settings[name] ?? undefined,
  });
  return (
    <Panel title="How it looks">
      <form class="flex flex-col gap-4" method="post" action={`${path}/look`}>
        <FormNotice draft={look} labels={lookLabels} />
        <TextField {...field('name')} maxlength={200} help={`Left empty, ${projectName}.`} />
        <TextField
          {...field('color')}
          mono
          placeholder="#2559bf"
          help="Of buttons, links and charts, never of a state. 4.5 : 1 on white at least."
        />
        <TextField
          {...field('darkColor')}
          mono
          placeholder="#7ea7f3"
          help="Left empty, the nearest to the other that can be read in the dark."
        />
        <TextArea
          name="frameOrigins"
          label={lookLabels.frameOrigins}
          optional
          mono
          rows={3}
          value={look.value('frameOrigins') ?? settings.frameOrigins.join('\n')}
          error={look.errors.get('frameOrigins')}
          help="One origin a line, like https://app.example.com. None: nobody’s."
        />
        <div>
          <Button label="Save portal" type="submit" size="default" />
        </div>
      </form>
    </Panel>
  );
}

export function RevokeLink(props: { customer: string; action: string; cancelHref: string }) {
  return (
    <FormPage
      title={`Revoke the link of ${props.customer}`}
      text="Whoever has it sees nothing any more, within a second. Their endpoints stay and go on getting events."
      action={props.action}
      submit="Revoke link"
      variant="destructive"
      cancelHref={props.cancelHref}
    />
  );
}
