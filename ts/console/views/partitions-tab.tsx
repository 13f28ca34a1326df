import { count, recordRate, size } from '../format/numbers.js';
import type { TopicWatch } from '../live/topic-watch.js';
import type { UsageRow } from '../metrics/usage.js';
import { Chart } from '../parts/chart.js';
import { Empty, Loading } from '../parts/empty.js';
import { useConsole } from './context.js';

const lines = [{ label: 'Records', colour: '--accent' }] as const;
const shownMax = 1_000;

export function PartitionsTab({ watch }: { readonly watch: TopicWatch }) {
  const { theme } = useConsole();
  const details = watch.details.value;
  const usage = watch.usage.value;
  if (details.is === 'failed') {
    return (
      <Empty title="The topic could not be read" isAlert>
        <p>{details.why}</p>
        <p>This is tried again by itself.</p>
      </Empty>
    );
  }
  if (details.is === 'loading' || usage === undefined) return <Loading what="partitions" />;
  const leaders = new Map(details.value.partitions.map((each) => [each.partition, each.leaderEpoch]));
  return (
    <>
      <dl class="facts">
        <Fact name="Records" value={count(usage.records)} />
        <Fact name="Size" value={size(usage.size)} />
        <Fact name="Durability" value={details.value.durability} />
        <Fact name="Topic id" value={details.value.topicId} />
      </dl>
      <Chart title="Appended" lines={lines} history={watch.growth.value} format={recordRate} theme={theme.drawn.value} />
      <div class="scroll">
        <table aria-label="Partitions">
          <thead>
            <tr>
              {['Partition', 'Log start', 'High watermark', 'Records', 'Records/s', 'Size', 'Segments', 'Leader epoch'].map(
                (name) => (
                  <th key={name} scope="col" class="number">
                    {name}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {usage.partitions.slice(0, shownMax).map((row) => (
              <PartitionRow key={row.partition} row={row} leaderEpoch={leaders.get(row.partition)} />
            ))}
          </tbody>
        </table>
      </div>
      {usage.partitions.length > shownMax && (
        <p>
          Shown: the first {count(shownMax)} of {count(usage.partitions.length)} partitions.
        </p>
      )}
    </>
  );
}

function PartitionRow({ row, leaderEpoch }: { readonly row: UsageRow; readonly leaderEpoch: number | undefined }) {
  return (
    <tr>
      <th scope="row" class="number">
        {row.partition}
      </th>
      <td class="number">{count(row.logStartOffset)}</td>
      <td class="number">{count(row.highWatermark)}</td>
      <td class="number">{count(row.records)}</td>
      <td class="number">{recordRate(row.recordRate)}</td>
      <td class="number">{size(row.size)}</td>
      <td class="number">{count(row.segments)}</td>
      <td class="number">{count(leaderEpoch ?? Number.NaN)}</td>
    </tr>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
