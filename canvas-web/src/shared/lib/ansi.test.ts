import { describe, expect, test } from 'vitest';
import { collapseReturns, parseAnsi, stripAnsi } from './ansi';

const runs = (text: string) => parseAnsi(text).runs.map(({ text, style }) => [text, style]);

describe('the ANSI parser', () => {
  test('keeps colours and weights as runs of plain text', () => {
    expect(runs('a \x1b[1;31mbad\x1b[0m b')).toEqual([
      ['a ', ''],
      ['bad', 'ansi-b ansi-f1'],
      [' b', ''],
    ]);
    expect(runs('\x1b[32mx\x1b[39my\x1b[44mz\x1b[49m.')).toEqual([
      ['x', 'ansi-f2'],
      ['y', ''],
      ['z', 'ansi-g4'],
      ['.', ''],
    ]);
  });

  test('reduces bright, indexed and true colours to the palette', () => {
    expect(runs('\x1b[92mx')).toEqual([['x', 'ansi-f2']]);
    expect(runs('\x1b[38;5;9mx')).toEqual([['x', 'ansi-f1']]);
    expect(runs('\x1b[38;5;21mx')).toEqual([['x', 'ansi-f4']]);
    expect(runs('\x1b[38;2;250;10;10mx\x1b[0m')).toEqual([['x', 'ansi-f1']]);
    expect(runs('\x1b[38:2:0:200:0mx')).toEqual([['x', 'ansi-f2']]);
  });

  test('swaps the colours of inverse text', () => {
    expect(runs('\x1b[7;31mx\x1b[27my')).toEqual([
      ['x', 'ansi-g1'],
      ['y', 'ansi-f1'],
    ]);
  });

  test('carries the style from one piece of output to the next', () => {
    const first = parseAnsi('\x1b[33mone');
    expect(parseAnsi('two', first.state).runs).toEqual([{ text: 'two', style: 'ansi-f3' }]);
  });

  test.each([
    ['a link', 'a\x1b]8;;javascript:alert(1)\x07b\x1b]8;;\x07c', 'abc'],
    ['a clipboard write', 'a\x1b]52;c;ZXZpbA==\x1b\\b', 'ab'],
    ['a window title', '\x1b]0;owned\x07ok', 'ok'],
    ['a device control string', 'a\x1bP1$r0m\x1b\\b', 'ab'],
    ['cursor moves and clearing', '\x1b[2J\x1b[1;1Ha\x1b[10Ab\x1b[K', 'ab'],
    ['private modes', '\x1b[?25la\x1b[?1049h', 'a'],
    ['eight-bit controls', 'a\x9b31mb\x9d0;t\x07c', 'abc'],
    ['a bell, a backspace, a null', 'a\x07\x08\x00b', 'ab'],
    ['text turned round', 'a\u202eb\u2066c', 'abc'],
    ['a sequence cut in half', 'a\x1b[3', 'a'],
    ['a lone escape', 'a\x1b', 'a'],
  ])('drops %s', (_, text, plain) => {
    expect(stripAnsi(text)).toBe(plain);
    expect(
      parseAnsi(text)
        .runs.map((run) => run.text)
        .join(''),
    ).toBe(plain);
  });

  test('an unfinished string sequence does not swallow the rest of the log', () => {
    const text = `\x1b]0;${'x'.repeat(10_000)}end`;
    expect(stripAnsi(text).endsWith('end')).toBe(true);
  });

  test('a long line of escapes takes no long time', () => {
    const text = '\x1b['.repeat(50_000) + '\x1b]'.repeat(50_000);
    const began = performance.now();
    stripAnsi(text);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('carriage returns', () => {
  test('leave the last rewrite of a line', () => {
    expect(collapseReturns('10 %\r50 %\r100 %\ndone\r\n')).toBe('100 %\ndone\n');
  });
  test('at the end of what is there so far keep the line', () => {
    expect(collapseReturns('10 %\r50 %\r')).toBe('50 %');
  });
});
