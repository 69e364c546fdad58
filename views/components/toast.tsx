/** What was just done, said once: after a redirect the server writes it, else script clones one. */
import { Glyph } from './state.tsx';

export type Toast = { tone: 'ok' | 'bad'; title: string; text?: string };

/** Polite: it never takes the focus. Script removes a toast after a while. */
export function Toaster({ toasts }: { toasts: readonly Toast[] }) {
  return (
    <div class="toaster" id="toaster" data-align="end" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <ToastBox {...toast} />
      ))}
    </div>
  );
}

function ToastBox({ tone, title, text }: Toast) {
  return (
    <div class="toast">
      <div class="toast-content">
        <Glyph name={tone} />
        <section>
          <h2 safe>{title}</h2>
          {text === undefined ? null : <p safe>{text}</p>}
        </section>
      </div>
    </div>
  );
}
