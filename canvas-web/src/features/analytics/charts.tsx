/** The charts of the analytics page. A chunk of its own, for the library is large. */
import { Bar, BarChart, CartesianGrid, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';

export interface Series {
  readonly key: string;
  readonly label: string;
  /** A colour of the design's tokens. */
  readonly color: string;
}

export type Point = Readonly<Record<string, number | string>>;

interface Props {
  kind: 'bars' | 'lines' | 'rows';
  points: readonly Point[];
  series: readonly Series[];
  words: (value: number) => string;
}

const axis = { stroke: 'var(--line-strong)', tick: { fill: 'var(--ink-3)', fontSize: 11 }, tickLine: false } as const;
const tooltip = {
  contentStyle: { background: 'var(--raised)', border: '1px solid var(--line)', borderRadius: 8, fontSize: 12, color: 'var(--ink)' },
  labelStyle: { color: 'var(--ink-2)' },
  cursor: { fill: 'var(--hover)', stroke: 'var(--line-strong)' },
} as const;

/** Drawn for the eye; its table beside it is for everybody. */
export default function Chart({ kind, points, series, words }: Props) {
  const data = [...points];
  const tip = <Tooltip {...tooltip} formatter={(value) => words(Number(value))} isAnimationActive={false} />;
  const margin = { top: 8, right: 8, bottom: 0, left: 0 };
  if (kind === 'lines') {
    return (
      <ResponsiveContainer width="100%" height={200}>
        <LineChart data={data} margin={margin} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="label" {...axis} minTickGap={24} />
          <YAxis {...axis} axisLine={false} width={40} tickFormatter={words} allowDecimals={false} />
          {tip}
          {series.map(({ key, label, color }) => (
            <Line key={key} dataKey={key} name={label} stroke={color} strokeWidth={2} dot={data.length < 3} isAnimationActive={false} />
          ))}
        </LineChart>
      </ResponsiveContainer>
    );
  }
  const rows = kind === 'rows';
  return (
    <ResponsiveContainer width="100%" height={rows ? 150 : 200}>
      <BarChart data={data} margin={margin} layout={rows ? 'vertical' : 'horizontal'} accessibilityLayer={false}>
        <CartesianGrid horizontal={!rows} vertical={rows} stroke="var(--line)" />
        {rows ? (
          <>
            <XAxis type="number" {...axis} axisLine={false} tickFormatter={words} />
            <YAxis type="category" dataKey="label" {...axis} width={64} />
          </>
        ) : (
          <>
            <XAxis dataKey="label" {...axis} minTickGap={24} />
            <YAxis {...axis} axisLine={false} width={40} tickFormatter={words} allowDecimals={false} />
          </>
        )}
        {tip}
        {series.map(({ key, label, color }) => (
          <Bar key={key} dataKey={key} name={label} fill={color} stackId="all" maxBarSize={rows ? 30 : 36} isAnimationActive={false} />
        ))}
      </BarChart>
    </ResponsiveContainer>
  );
}
