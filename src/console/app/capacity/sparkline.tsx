const WIDTH = 200;
const HEIGHT = 36;

interface SparklineProps {
  values: number[];
  /** The upper end of the scale; the highest value may be above. */
  max: number;
  /** What it shows, for whoever cannot see it. */
  label: string;
}

/** The course of a figure, the latest on the right. */
export function Sparkline({ values, max, label }: SparklineProps) {
  const top = Math.max(max, ...values, 1);
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, i) => {
    const y = HEIGHT - 1 - (value / top) * (HEIGHT - 2);
    return `${(i * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polyline points={points.join(' ')} />
    </svg>
  );
}
