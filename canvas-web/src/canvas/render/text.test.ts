import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostOf, safeAddress } from './layout';
import { SvgSurface } from './svg';
import { clipped, fitText, type Measure, titleAndRest, wrap } from './text';

/** Every letter is half as wide as it is high. */
const measure: Measure = (text) => text.length * 50;

test('CAN-2: lines break between words and are never wider than the card', () => {
  expect(wrap('one two three', 35, 10, 500, measure).lines).toEqual(['one two', 'three']);
  expect(wrap('unbreakable', 25, 10, 500, measure)).toEqual({ lines: ['unbre', 'akabl', 'e'], cut: false, broken: true });
  expect(wrap('a\n\nb', 50, 10, 500, measure).lines).toEqual(['a', '', 'b']);
  expect(wrap('日本語の文', 20, 10, 500, measure).lines).toEqual(['日本語の', '文']);
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), fc.integer({ min: 10, max: 200 }), (text, width) => {
      const { lines } = wrap(text, width, 10, 500, measure);
      for (const line of lines) {
        expect(line.length <= 1 || measure(line, 500) / 10 <= width).toBe(true);
      }
      expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
    }),
  );
});

test('CAN-2: letters shrink until the text fits, rather than part a word, and at last the text ends with an ellipsis', () => {
  expect(fitText('short', 100, 100, [20, 10], 500, measure).size).toBe(20);
  expect(fitText('elevenlette', 100, 100, [20, 10], 500, measure).size).toBe(10);
  const cut = fitText('word '.repeat(200), 100, 40, [20, 10], 500, measure);
  expect(cut.cut).toBe(true);
  expect(cut.lines.at(-1)?.endsWith('…')).toBe(true);
  expect(clipped('one two three four', 35, 1, 10, 500, measure).lines).toEqual(['one tw…']);
});

test('CAN-4: the first line of an idea is its title', () => {
  expect(titleAndRest('\n Title \n\nrest\nmore')).toEqual({ title: 'Title', rest: 'rest\nmore' });
  expect(titleAndRest('only')).toEqual({ title: 'only', rest: '' });
});

test('CAN-2: only web addresses can be opened', () => {
  expect(safeAddress('https://example.org/a')).toBe('https://example.org/a');
  for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'nonsense', null]) {
    expect(safeAddress(bad)).toBeNull();
  }
  expect(hostOf('https://www.example.org/a')).toBe('example.org');
});

test('CAN-11: what people wrote is text in the SVG and nothing else', () => {
  const surface = new SvgSurface(() => null);
  const nasty = '</text><script>alert("1")</script>\u0000\ud800 & more';
  surface.text(0, 0, { size: 10, step: 13, lines: [nasty], cut: false }, 400, '#000000');
  surface.rect({ x: 0, y: 0, w: 1, h: 1 }, 0, '"><script/>');
  const file = surface.file({ x: 0, y: 0, w: 10, h: 10 }, '#ffffff');
  const parsed = new DOMParser().parseFromString(file, 'image/svg+xml');
  expect(parsed.querySelector('parsererror')).toBeNull();
  expect(parsed.querySelector('script')).toBeNull();
  expect(parsed.querySelector('tspan')?.textContent).toBe('</text><script>alert("1")</script> & more');
});
