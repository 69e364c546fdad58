/**
 * A text as a QR code: one path, dark on white in every theme, since many cameras read no inverted
 * code. The white border of four modules is part of it (ISO/IEC 18004).
 */
import { encode } from 'uqr';

const borderModules = 4;

export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: 'M', border: borderModules });
  return (
    <svg
      class="size-40 shrink-0 rounded-md border"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={pathOf(data)} fill="#000" />
    </svg>
  );
}

/** Each row's dark stretches as rectangles one module high. */
function pathOf(rows: readonly (readonly boolean[])[]): string {
  return rows
    .flatMap((row, y) => {
      const line = row.map((isDark) => (isDark ? '1' : '0')).join('');
      return [...line.matchAll(/1+/g)].map(
        ({ 0: dark, index: x }) => `M${x} ${y}h${dark.length}v1h-${dark.length}z`,
      );
    })
    .join('');
}
