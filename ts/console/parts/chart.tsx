import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { History } from '../metrics/history.js';

export interface ChartLine {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly colour: string;
  readonly isDashed?: boolean;
}

interface ChartProps {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly history: History;
  readonly format: (value: number | undefined) => string;
  /** Lines of the grid lie at powers of two. */
  readonly isBinary?: boolean;
  /** Changes when colours change. */
  readonly theme: number;
}

const height = 150;
const powersOfTwo = Array.from({ length: 50 }, (_, exponent) => 2 ** exponent);

/** Lines over time. What they say now stands beside their names, as text: a canvas says nothing to a screen reader. */
export function Chart({ title, lines, history, format, isBinary = false, theme }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  // Colours are read from the style sheet when the theme changes
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(element, lines, format, isBinary), columnsOf(history), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [theme]);
  useEffect(() => {
    plot.current?.setData(columnsOf(history));
  }, [history]);
  return (
    <figure class="chart" aria-label={title}>
      <figcaption>
        <span class="title">{title}</span>
        {lines.map((line, index) => (
          <span key={line.label} class="line">
            <i class={line.isDashed === true ? 'dashed' : ''} style={{ borderColor: `var(${line.colour})` }} />
            {line.label} <b>{format(history.last(index))}</b>
          </span>
        ))}
      </figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}

function columnsOf(history: History): uPlot.AlignedData {
  return history.columns as unknown as uPlot.AlignedData;
}

function optionsOf(
  element: HTMLElement,
  lines: readonly ChartLine[],
  format: ChartProps['format'],
  isBinary: boolean,
): uPlot.Options {
  const style = getComputedStyle(element);
  const axis = {
    stroke: resolved(element, '--muted'),
    grid: { stroke: resolved(element, '--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 4, 0, 0],
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 24, values: '{HH}:{mm}:{ss}', space: 90 },
      {
        ...axis,
        size: 74,
        values: (_plot, values) => values.map((value) => format(value)),
        space: 34,
        ...(isBinary ? { incrs: powersOfTwo } : {}),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: resolved(element, line.colour),
        width: 1.5,
        points: { show: false },
        ...(line.isDashed === true ? { dash: [4, 3] } : {}),
      })),
    ],
  };
}

/** light-dark() and var() mean nothing to a canvas: the browser is asked for the colour that they come to. */
function resolved(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
