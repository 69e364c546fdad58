/** Beside the form of an endpoint: what it would be sent, and code of a receiver that checks it. */
import { CodeBox, CodeText } from './components/code.tsx';
import { Panel } from './components/panel.tsx';
import { Glyph, type GlyphName } from './components/state.tsx';
import { VerifyPanel } from './endpoint-signing.tsx';
import type { SigningKind } from './verify-snippets.ts';

export type SeenType = { type: string; count: string; isTicked: boolean };

export type EndpointPreviewProps = {
  /** Draws this again from what the form holds, and saves nothing. */
  checkPath: string;
  kind: SigningKind;
  url: string | null;
  /** "invoice.paid, from 14:29:40" */
  title: string;
  request: string;
  verdict: { glyph: GlyphName; text: string };
  types: {
    /** What no tick stands for. */
    typed: readonly string[];
    seen: readonly SeenType[];
  };
  /** How many types and events are wanted, of those seen lately; null when none were. */
  sentence: string | null;
};

/** The fragment `endpoint-preview`. */
export function EndpointPreview(props: EndpointPreviewProps) {
  const { checkPath, kind, url, title, request, verdict, sentence } = props;
  return (
    <div id="endpoint-preview" class="flex w-full min-w-0 flex-col gap-5">
      <Panel title="What you will receive">
        <CodeBox title={title} copies={request}>
          <CodeText text={request} />
        </CodeBox>
        <p class="mt-3 flex items-start gap-2 text-xs text-muted-foreground" role="status">
          <span class="mt-px">
            <Glyph name={verdict.glyph} />
          </span>
          <span safe>{verdict.text}</span>
        </p>
        {sentence === null ? null : (
          <p class="note mt-1.5" safe>
            {sentence}
          </p>
        )}
        <button
          type="submit"
          class="btn mt-3"
          data-variant="outline"
          data-size="sm"
          formaction={checkPath}
          formnovalidate
          hx-post={checkPath}
          hx-target="#endpoint-preview"
          hx-swap="outerMorph"
        >
          Check by the last events
        </button>
      </Panel>
      <VerifyPanel kind={kind} url={url} />
    </div>
  );
}
