/** Which colours are readable, and the nearest that are. */
import { expect, test } from 'bun:test';
import {
  checkReadable,
  contrast,
  darkGround,
  lightGround,
  nearestReadable,
} from '../../src/domain/brand-color.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('contrasts are those of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  expect(contrast('#ff0000', '#ffffff')).toBeCloseTo(4.0, 2);
});

test('a colour that is readable stays, and one that is not is named with the nearest that is', () => {
  expect(nearestReadable('#2559bf', lightGround)).toBe('#2559bf');
  expect(nearestReadable('#777777', lightGround)).toBe('#767676');
  expect(() => checkReadable('color', '#777777', lightGround)).toThrow(
    'color: has a contrast of 4.47 on #ffffff; at least 4.5 is readable. The nearest is #767676',
  );
});

test('of any colour the nearest is readable, and no nearer one is', () => {
  const random = seededRandom(7);
  for (let round = 0; round < 500; round += 1) {
    const color = `#${random.below(0x1000000).toString(16).padStart(6, '0')}`;
    for (const ground of [lightGround, darkGround]) {
      const nearest = nearestReadable(color, ground);
      expect(contrast(nearest, ground)).toBeGreaterThanOrEqual(4.5);
      if (nearest !== color) expect(contrast(nearest, ground)).toBeLessThan(4.8);
      expect(nearestReadable(nearest, ground)).toBe(nearest);
    }
  }
});
